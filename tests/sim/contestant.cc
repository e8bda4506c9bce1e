#include "sim/contestant.h"

#include <algorithm>

namespace bellwether::sim {

using namespace std::chrono_literals;

Contestant::Contestant(World& world, Checker& checker, Scheduler& scheduler, etcd::Client& client,
                       Options options)
    : world_(world),
      checker_(checker),
      scheduler_(scheduler),
      options_(options),
      candidate_(scheduler, client,
                 {.prefix = checker.elections()[options.election].prefix,
                  .value = "client-" + std::to_string(options.client),
                  .ttl = options.ttl,
                  .seed = world.random().Next() | 1},
                 this) {}

void Contestant::Campaign() {
  campaigning_ = true;
  checker_.OnCampaign(options_.client, options_.election);
  candidate_.Campaign();
}

void Contestant::Resign() {
  work_.reset();
  campaigning_ = false;
  checker_.OnResign(options_.client, options_.election);
  ++resigns_;
  candidate_.Resign(options_.ttl, scope_.Bind([this](const Status&) {
    --resigns_;
    if (!campaigning_ && world_.random().OneIn(2)) CampaignLater(0ms, 3s);
  }));
  // Not everybody waits for the confirmation.
  if (world_.random().OneIn(4)) Campaign();
}

void Contestant::Proclaim() {
  candidate_.Proclaim("value-" + std::to_string(world_.random().Below(100)),
                      scope_.Bind([](const Status&) {}));
}

void Contestant::ResignAndReturn() {
  candidate_.Resign(options_.ttl, scope_.Bind([](const Status&) {}));
  candidate_.Campaign();
}

std::optional<FencingToken> Contestant::Acting() const {
  const MonotonicTime now = scheduler_.Now();
  if (work_ && now < work_->until) return work_->token;
  if (const auto leadership = candidate_.Current(now)) return leadership->token;
  return std::nullopt;
}

void Contestant::CampaignLater(Nanoseconds least, Nanoseconds most) {
  scheduler_.At(scheduler_.Now() + world_.Between(least, most), scope_.Bind([this] {
    work_.reset();
    if (!campaigning_ || !candidate_.Current(scheduler_.Now())) Campaign();
  }));
}

std::string Contestant::Name() const {
  return "client " + std::to_string(options_.client) + " in " +
         checker_.elections()[options_.election].prefix;
}

void Contestant::OnQueued(const election::Place& place) {
  world_.Say(Name() + " is queued with " + place.key);
}

void Contestant::OnElected(const election::Leadership& leadership) {
  if (!first_token_) first_token_ = leadership.token;
  const FencingToken token = options_.keeps_first_token ? *first_token_ : leadership.token;
  // Whoever resigned a moment ago does not start to work.
  if (!campaigning_) return;
  world_.Say(Name() + " leads with token " + std::to_string(token.value));
  checker_.OnElected(options_.client, options_.election, token);
  work_ = Work{token, leadership.valid_until};
}

void Contestant::OnExtended(MonotonicTime valid_until) {
  if (work_) work_->until = valid_until;
}

// The work takes a moment to end, but never goes on past its deadline. Only then the place is asked
// for again.
void Contestant::OnLost(const std::string& why) {
  world_.Say(Name() + " has lost the leadership: " + why);
  checker_.OnReleased(options_.client, options_.election);
  if (!campaigning_) return;
  const Nanoseconds stop = world_.Between(0ms, 400ms);
  if (work_) work_->until = std::min(work_->until, scheduler_.Now() + stop);
  CampaignLater(stop, stop);
}

void Contestant::OnPlaceLost(const std::string& why) {
  world_.Say(Name() + " has lost its place: " + why);
  checker_.OnReleased(options_.client, options_.election);
}

void Contestant::OnCandidateTrouble(const Error& error) {
  trouble_ = error;
  world_.Say(Name() + " has trouble: " + error.message);
}

}  // namespace bellwether::sim
