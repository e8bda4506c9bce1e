#include <memory>
#include <optional>
#include <utility>

#include "cli/follow.h"
#include "cli/query.h"
#include "cli/summary_table.h"
#include "election/observer.h"

namespace bellwether::cli {
namespace {

// How often freshness is looked at. It costs etcd nothing.
constexpr Milliseconds kLook{100};

// An explicit prefix needs a name.
const election::ElectionName kName{"followed", "election"};

election::ObserverOptions OptionsOf(const Followed& followed) {
  if (followed.election == nullptr) return {.root = followed.root};
  return {.prefixes = {{kName, followed.election->prefix}}};
}

// While the observer is fresh, changes are told as they happen; those that happen while it is not
// are found when it is again, the last one only.
class EtcdFollower {
 public:
  // `end` is posted once the handler does not want to go on; it destroys this.
  EtcdFollower(EventLoop& loop, etcd::Client& client, const Followed& followed,
               FollowHandler& handler, Task end)
      : loop_(loop),
        handler_(handler),
        end_(std::move(end)),
        feed_(std::make_shared<election::ChangeFeed>(
            [this] { loop_.Post(scope_.Bind([this] { TellChanges(); })); })),
        observer_(loop, client, OptionsOf(followed), store_),
        look_timer_(loop) {
    store_.Attach(feed_);
  }

  void Start() {
    // Of a batch each change of leader as it was, not the state after the last one.
    observer_.OnLeaderChange([this](const election::LeaderChange& change) {
      if (known_) Tell(change);
    });
    started_ = loop_.Now();
    observer_.Start();
    Look();
  }

 private:
  void Look() {
    const election::Freshness freshness = store_.freshness();
    const bool fresh = freshness.loaded && freshness.FreshAt(loop_.Now());
    if (fresh && !known_) {
      known_ = true;
      TellChanges();
      GoOn(handler_.OnKnown());
    } else if (!fresh && (known_ || (!doubted_ && loop_.Now() - started_ > election::kFreshFor))) {
      known_ = false;
      doubted_ = true;
      GoOn(handler_.OnDoubt("etcd does not confirm it; trying on"));
    }
    look_timer_.Set(loop_.Now() + kLook, [this] { Look(); });
  }

  void Tell(const election::LeaderChange& change) {
    if (change.after) return GoOn(handler_.OnElection(SummaryOf(*change.after)));
    Summary vacant = SummaryOf(*change.before);
    vacant.leader.reset();
    vacant.candidates = 0;
    GoOn(handler_.OnElection(vacant));
  }

  void TellChanges() {
    if (!known_) return;  // they stay in the feed
    for (const std::string& election : feed_->Take()) {
      const size_t slash = election.find('/');
      const auto view = store_.Find(election.substr(0, slash), election.substr(slash + 1));
      GoOn(view ? handler_.OnElection(SummaryOf(*view)) : handler_.OnGone(election));
    }
  }

  void GoOn(bool go_on) {
    if (!go_on && !std::exchange(ended_, true)) loop_.Post(end_);
  }

  EventLoop& loop_;
  FollowHandler& handler_;
  const Task end_;
  election::ViewStore store_;
  const std::shared_ptr<election::ChangeFeed> feed_;
  election::Observer observer_;
  Timer look_timer_;
  MonotonicTime started_;
  bool known_ = false;
  bool doubted_ = false;
  bool ended_ = false;
  Scope scope_;
};

}  // namespace

Status FollowEtcd(const ConnectionFlags& flags, const Followed& followed, FollowHandler& handler) {
  std::optional<EtcdFollower> follower;
  return WithEtcd(flags, [&](EventLoop& loop, etcd::Client& client) {
    // It goes before the client and the loop do.
    follower.emplace(loop, client, followed, handler, [&] {
      follower.reset();
      loop.Stop();
    });
    follower->Start();
  });
}

}  // namespace bellwether::cli
