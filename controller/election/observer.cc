#include "election/observer.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "election/range_observer.h"

namespace bellwether::election {
namespace {

constexpr Milliseconds kProbeEvery{1000};
constexpr etcd::CallOptions kProbeCall{.timeout = Milliseconds(2500)};

}  // namespace

class Observer::Impl {
 public:
  Impl(Scheduler& scheduler, etcd::Client& client, ObserverOptions options, ViewStore& store)
      : scheduler_(scheduler), client_(client), store_(store), probe_timer_(scheduler) {
    Random random = options.seed != 0 ? Random(options.seed) : Random::FromEntropy();
    if (!options.root.empty()) Add(RootQueues::OfRoot(options.root), options, random.Next());
    for (const ExplicitPrefix& prefix : options.prefixes) {
      Add(RootQueues::OfPrefix(prefix), options, random.Next());
    }
  }

  void Start() {
    for (auto& range : ranges_) range->List();
    Probe();
  }

  void OnLeaderChange(std::function<void(const LeaderChange&)> told) { told_ = std::move(told); }

  const Counters& counters() const {
    counters_ = Counters{};
    for (const auto& range : ranges_) {
      counters_.events += range->events();
      counters_.relists += range->relists();
      counters_.missed += range->missed();
      counters_.foreign_keys += range->queues().foreign_keys();
    }
    return counters_;
  }

 private:
  void Add(RootQueues queues, const ObserverOptions& options, uint64_t seed) {
    ranges_.push_back(std::make_unique<RangeObserver>(
        scheduler_, client_, std::move(queues), options.reread_within, seed,
        RangeObserver::Told{
            .changed = [this](QueueChanges changes) { Publish(std::move(changes)); },
            .state = [this] { PublishFreshness(); },
            .header = [this](const etcd::Header& header, Revision floor) {
              return Check(header, floor);
            }}));
  }

  void Publish(QueueChanges changes) {
    for (ElectionPtr& view : changes.published) store_.Publish(std::move(view));
    for (const ElectionName& gone : changes.removed) store_.Remove(gone.ns, gone.name);
    if (!told_) return;
    for (const LeaderChange& change : changes.leaders) told_(change);
  }

  // A linearizable read of one key each second: adds no raft entry and shows that etcd still has a quorum.
  void Probe() {
    const MonotonicTime sent_at = scheduler_.Now();
    const WallTime sent_at_wall = std::chrono::system_clock::now();
    client_.Range({.key = ProbeKey(), .limit = 1, .keys_only = true}, kProbeCall,
                  scope_.Bind([this, sent_at, sent_at_wall,
                               floor = newest_](Result<etcd::RangeResponse> result) {
                    if (result.ok() && Check(result->header, floor)) {
                      freshness_.as_of = std::max(freshness_.as_of, sent_at);
                      freshness_.as_of_wall = sent_at_wall;
                    }
                    PublishFreshness();
                    probe_timer_.Set(std::max(sent_at + kProbeEvery, scheduler_.Now()),
                                     [this] { Probe(); });
                  }));
  }

  std::string ProbeKey() const { return ranges_.empty() ? "/" : ranges_.front()->queues().begin(); }

  // The clone guard: false when this answer is from another cluster, or from before what was known when it was asked for.
  bool Check(const etcd::Header& header, Revision floor) {
    const bool same = freshness_.cluster_id == 0 || header.cluster_id == freshness_.cluster_id;
    if (same && header.revision >= floor) {
      freshness_.cluster_id = header.cluster_id;
      newest_ = std::max(newest_, header.revision);
      return true;
    }
    log::Error("etcd's history is not the one we knew (restored from a snapshot, or another cluster "
               "at the same address): fencing tokens from before mean nothing now",
               {{"cluster_before", freshness_.cluster_id},
                {"cluster_now", header.cluster_id},
                {"revision_before", newest_.value},
                {"revision_now", header.revision.value}});
    freshness_.tokens_invalid = true;
    freshness_.cluster_id = header.cluster_id;
    newest_ = header.revision;
    for (auto& range : ranges_) range->ListNewHistory();
    return false;
  }

  void PublishFreshness() {
    freshness_.loaded = freshness_.watching = true;
    Revision complete = newest_;
    for (const auto& range : ranges_) {
      freshness_.loaded &= range->loaded();
      freshness_.watching &= range->watching();
      complete = std::min(complete, range->queues().revision());
    }
    freshness_.revision = complete;
    store_.SetFreshness(freshness_);
  }

  Scheduler& scheduler_;
  etcd::Client& client_;
  ViewStore& store_;
  std::function<void(const LeaderChange&)> told_;
  Timer probe_timer_;
  Freshness freshness_;
  Revision newest_;  // of linearizable answers
  mutable Counters counters_;
  std::vector<std::unique_ptr<RangeObserver>> ranges_;
  Scope scope_;
};

Observer::Observer(Scheduler& scheduler, etcd::Client& client, ObserverOptions options,
                   ViewStore& store)
    : impl_(std::make_unique<Impl>(scheduler, client, std::move(options), store)) {}
Observer::~Observer() = default;

void Observer::Start() { impl_->Start(); }
void Observer::OnLeaderChange(std::function<void(const LeaderChange&)> told) {
  impl_->OnLeaderChange(std::move(told));
}
const Observer::Counters& Observer::counters() const { return impl_->counters(); }

}  // namespace bellwether::election
