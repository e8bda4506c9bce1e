#include "cli/participant.h"

#include <signal.h>

#include <utility>

#include "base/log.h"
#include "cli/exit_codes.h"
#include "election/value.h"

namespace bellwether::cli {
namespace {

constexpr Milliseconds kResignTimeout{5000};

}  // namespace

Participant::Participant(Surroundings surroundings)
    : loop_(surroundings.loop),
      settings_(surroundings.settings),
      own_(surroundings.own),
      health_(std::move(surroundings.health)),
      candidate_(surroundings.loop, surroundings.client, surroundings.settings.candidate, this),
      exit_code_(kFailed) {
  own_.Update([this](election::OwnState& own) {
    own.election = settings_.election;
    own.id = settings_.id;
    if (health_) own.application = {.target = health_->target(), .why = "not checked yet"};
  });
}

void Participant::OnQueued(const election::Place& place) {
  log::Info("queued", {{"election", settings_.election},
                       {"id", settings_.id},
                       {"key", place.key},
                       {"revision", place.create_revision.value}});
  own_.Update([&](election::OwnState& own) {
    own.place = place;
    own.not_queued.clear();
    // As others see it: a raw value is all that they know.
    own.id = election::DescribeValue(settings_.candidate.value, place.lease).id;
  });
}

void Participant::OnPlaceLost(const std::string& why) {
  log::Warning("lost the place in the queue; joining again",
               {{"election", settings_.election}, {"why", why}});
  own_.Update([](election::OwnState& own) { own.place.reset(); });
}

void Participant::OnCandidateTrouble(const Error& error) {
  log::Warning("not working, trying again",
               {{"election", settings_.election}, {"error", error.message}});
}

bool Participant::Ends(int signal) const {
  return signal == SIGTERM || signal == SIGINT || (signal == SIGHUP && settings_.from_terminal);
}

void Participant::LogElected(const election::Leadership& leadership) const {
  log::Info(
      "elected",
      {{"election", settings_.election}, {"id", settings_.id}, {"token", leadership.token.value}});
}

void Participant::LogLost(const std::string& why) const {
  log::Warning("leadership lost", {{"election", settings_.election}, {"why", why}});
}

void Participant::ShowLeading(election::Leadership leadership, MonotonicTime until) {
  leadership.valid_until = until;
  own_.Update([&](election::OwnState& own) {
    own.id = election::DescribeValue(settings_.candidate.value, leadership.lease).id;
    own.leadership = std::move(leadership);
    own.not_queued.clear();
  });
}

void Participant::ShowOut(const std::string& why) {
  own_.Update([&](election::OwnState& own) {
    own.place.reset();
    own.leadership.reset();
    own.not_queued = why;
  });
}

void Participant::ShowHealth(bool well, const std::string& why) {
  own_.Update([&](election::OwnState& own) {
    own.application = {.target = health_->target(), .well = well, .why = why};
  });
}

bool Participant::BeginLeaving(int code) {
  if (std::exchange(leaving_, true)) return false;
  exit_code_ = code;
  return true;
}

void Participant::Resign(std::function<void()> done) {
  if (std::exchange(resigning_, true)) return;
  candidate_.Resign(kResignTimeout,
                    scope_.Bind([this, done = std::move(done)](const Result<Unit>& result) {
                      resigning_ = false;
                      if (!result) {
                        log::Warning("the place could not be given up and expires with its lease",
                                     {{"error", result.error().message}});
                      }
                      if (leaving_) return loop_.Stop();
                      // What could not be given up expires with its lease; a new place has one of
                      // its own.
                      done();
                    }));
}

}  // namespace bellwether::cli
