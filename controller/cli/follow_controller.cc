#include <optional>

#include "base/random.h"
#include "cli/controller_query.h"
#include "cli/follow.h"
#include "election/view.h"
#include "loop/event_loop.h"
#include "rest/event_source.h"

namespace bellwether::cli {
namespace {

// Without a change the controller sends a comment each 15 s.
constexpr Milliseconds kSilence{40000};

bool WillPass(const Error& error) {
  return error.code != Code::kInvalid && error.code != Code::kNotFound &&
         error.code != Code::kPermission;
}

// Reads one event stream. That of many elections is resumed where it was cut; that of one begins
// anew, since its first event is all that there is to know.
class ControllerFollower final : public rest::EventHandler {
 public:
  ControllerFollower(EventLoop& loop, rest::Peer peer, const Followed& followed,
                     FollowHandler& handler)
      : loop_(loop), handler_(handler), one_(followed.election != nullptr), doubt_timer_(loop) {
    const std::string path = one_ ? PathOf(*followed.election, "/leader") : "/v1/watch";
    source_.emplace(loop, std::move(peer), rest::Request{.path = path},
                    rest::EventSource::Options{.stream = {.silence = kSilence}, .resume = !one_},
                    Random::FromEntropy().Next(), this);
    DoubtSoon("no controller answers");
  }

  const Status& outcome() const { return outcome_; }

 private:
  void OnEvent(const rest::ServerEvent& event) override {
    doubt_timer_.Cancel();
    const Status taken = Take(event);
    if (taken) return;
    Error error = taken.error();
    error.message = "an event of the controller was not understood: " + error.message +
                    "; check that it is of this release";
    End(std::move(error));
  }

  void OnInterrupted(const Error& why) override {
    if (!WillPass(why)) return End(why);
    complete_ = false;
    DoubtSoon(why.message);
  }

  Status Take(const rest::ServerEvent& event) {
    if (event.type == "reset") {
      complete_ = false;
      GoOn(handler_.OnReset());
    } else if (event.type == "leader") {
      const auto read = ReadElection(event.data);
      if (!read) return read.error();
      const election::ElectionView& view = *read->answer.view;
      Summary summary{.election = view.ns + "/" + view.name,
                      .candidates = read->candidates,
                      .last_change = view.last_change};
      if (view.leader() != nullptr) summary.leader = *view.leader();
      stale_ = read->answer.moment.stale;
      GoOn(handler_.OnElection(summary));
      complete_ |= one_;
    } else if (event.type == "unknown") {
      const auto election = ReadUnknown(event.data);
      if (!election) return election.error();
      const auto stale = ReadStale(event.data);
      if (!stale) return stale.error();
      stale_ = *stale;
      GoOn(handler_.OnGone(*election));
      complete_ |= one_;
    } else if (event.type == "sync") {
      complete_ = true;
    } else if (event.type == "freshness") {
      const auto stale = ReadStale(event.data);
      if (!stale) return stale.error();
      stale_ = *stale;
    }
    Settle();
    return Ok();
  }

  void Settle() {
    const bool known = complete_ && !stale_;
    if (known && !known_) {
      known_ = true;
      GoOn(handler_.OnKnown());
    } else if (stale_ && complete_) {
      Doubt("the controller has no confirmation from etcd; trying on");
    }
  }

  // A stream that is back soon has missed nothing that matters.
  void DoubtSoon(const std::string& why) {
    if (doubt_timer_.armed()) return;
    doubt_timer_.Set(loop_.Now() + election::kFreshFor,
                     [this, why] { Doubt(why + "; trying on"); });
  }

  void Doubt(const std::string& why) {
    if (!known_ && doubted_) return;
    known_ = false;
    doubted_ = true;
    GoOn(handler_.OnDoubt(why));
  }

  void End(Error error) {
    outcome_ = std::move(error);
    loop_.Stop();
  }
  void GoOn(bool go_on) {
    if (!go_on) loop_.Stop();
  }

  EventLoop& loop_;
  FollowHandler& handler_;
  const bool one_;
  bool complete_ = false;  // all that there is has been told on this connection
  bool stale_ = false;     // by the controller's word
  bool known_ = false;     // as the handler was told
  bool doubted_ = false;
  Status outcome_ = Ok();
  Timer doubt_timer_;
  std::optional<rest::EventSource> source_;
};

}  // namespace

Status FollowController(const SourceFlags& flags, const Followed& followed,
                        FollowHandler& handler) {
  auto peer = PeerOf(flags);
  if (!peer) return peer.error();
  EventLoop loop;
  std::optional<ControllerFollower> follower;
  loop.Post([&] { follower.emplace(loop, *std::move(peer), followed, handler); });
  loop.Run();
  return follower->outcome();
}

}  // namespace bellwether::cli
