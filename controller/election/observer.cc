#include "election/observer.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "election/range_observer.h"

namespace bellwether::election {
namespace {

constexpr Milliseconds kProbeEvery{1000};
// etcd tells a watcher that has fallen behind ten times a second.
constexpr Milliseconds kToldWithin{1000};
constexpr etcd::CallOptions kProbeCall{.timeout = Milliseconds(2500)};

}  // namespace

class Observer::Impl {
 public:
  Impl(Scheduler& scheduler, etcd::Client& client, ObserverOptions options, ViewStore& store)
      : scheduler_(scheduler),
        client_(client),
        store_(store),
        reread_within_(options.reread_within),
        random_(options.seed != 0 ? Random(options.seed) : Random::FromEntropy()),
        probe_timer_(scheduler),
        prefixes_(std::move(options.prefixes)) {
    if (!options.root.empty()) {
      Add(RootQueues::OfRoot(options.root), [this](QueueChanges changes) {
        LeaveOutTaken(changes);
        Publish(std::move(changes));
      });
    }
    for (const ExplicitPrefix& prefix : prefixes_) {
      Add(RootQueues::OfPrefix(prefix),
          [this](QueueChanges changes) { Publish(std::move(changes)); });
    }
  }

  void Start() {
    for (auto& range : ranges_) range->List();
    Probe();
  }

  void SetPrefixes(const std::vector<ExplicitPrefix>& prefixes) {
    const auto in = [](const std::vector<ExplicitPrefix>& list) {
      return [&list](const ExplicitPrefix& prefix) {
        return std::find(list.begin(), list.end(), prefix) != list.end();
      };
    };
    const std::vector<ExplicitPrefix> before = prefixes_;
    std::erase_if(prefixes_, std::not_fn(in(prefixes)));
    // A name may pass from one prefix to another.
    for (const ExplicitPrefix& prefix : before) {
      if (!in(prefixes)(prefix)) Drop(prefix, /*passes_on=*/Names(prefixes, prefix.election));
    }
    refused_ = 0;
    for (const ExplicitPrefix& prefix : prefixes) {
      if (!in(prefixes_)(prefix)) Join(prefix);
    }
    PublishFreshness();
  }

  void OnLeaderChange(std::function<void(const LeaderChange&)> told) { told_ = std::move(told); }

  void Keep(History& history) { history_ = &history; }

  const Counters& counters() const {
    counters_ = dropped_;
    for (const auto& range : ranges_) {
      counters_.events += range->events();
      counters_.relists += range->relists();
      counters_.missed += range->missed();
      counters_.foreign_keys += range->queues().foreign_keys();
    }
    counters_.refused_prefixes = refused_;
    return counters_;
  }

 private:
  // A prefix that was added while others are served. Its views are held back, and its state counts
  // for nothing, until its watch is known to tell everything.
  struct Joining {
    std::unique_ptr<RangeObserver> range;
    ElectionPtr view;  // the newest one
  };

  void Add(RootQueues queues, std::function<void(QueueChanges)> changed) {
    ranges_.push_back(Make(std::move(queues), std::move(changed), [this] { PublishFreshness(); }));
  }

  static bool Names(const std::vector<ExplicitPrefix>& prefixes, const ElectionName& name) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](const ExplicitPrefix& prefix) { return prefix.election == name; });
  }

  // An explicit prefix keeps its name, whoever uses it under the root.
  void LeaveOutTaken(QueueChanges& changes) {
    const auto taken = [this](const ElectionName& name) { return Names(prefixes_, name); };
    const auto name_of = [](const ElectionPtr& view) { return ElectionName{view->ns, view->name}; };
    std::erase_if(changes.published, [&](const ElectionPtr& view) {
      const bool leave_out = taken(name_of(view));
      if (leave_out && hidden_.insert(name_of(view)).second) {
        log::Warning(
            "an election under the root is not served, because an explicit prefix has its name; "
            "serve the prefix under another name",
            {{"election", name_of(view).str()}});
      }
      return leave_out;
    });
    std::erase_if(changes.removed, taken);
    std::erase_if(changes.leaders, [&](const LeaderChange& change) {
      return taken(name_of(change.after ? change.after : change.before));
    });
  }

  std::unique_ptr<RangeObserver> Make(RootQueues queues, std::function<void(QueueChanges)> changed,
                                      std::function<void()> state) {
    return std::make_unique<RangeObserver>(
        scheduler_, client_, std::move(queues), reread_within_, random_.Next(),
        RangeObserver::Told{.changed = std::move(changed),
                            .state = std::move(state),
                            .header = [this](const etcd::Header& header, Revision floor) {
                              return Check(header, floor);
                            }});
  }

  void Join(const ExplicitPrefix& prefix) {
    const ElectionName& name = prefix.election;
    const ElectionPtr namesake = store_.Find(name.ns, name.name);
    if (namesake != nullptr && namesake->leader() != nullptr) {
      ++refused_;
      log::Error(
          "a prefix is not served, because the root has an election of its name; serve it under "
          "another name, or send SIGHUP again once nobody stands in that election",
          {{"election", name.str()}, {"prefix", prefix.prefix}});
      return;
    }
    prefixes_.push_back(prefix);
    Joining& joining = joining_[name];
    joining.range = Make(
        RootQueues::OfPrefix(prefix),
        [this, name](QueueChanges changes) {
          const auto found = joining_.find(name);
          if (found == joining_.end()) return Publish(std::move(changes));
          Note(changes);
          if (!changes.published.empty()) found->second.view = std::move(changes.published.back());
        },
        [this, name] {
          Settle(name);
          PublishFreshness();
        });
    joining.range->List();
  }

  void Settle(const ElectionName& name) {
    const auto found = joining_.find(name);
    if (found == joining_.end()) return;
    const RangeObserver& range = *found->second.range;
    if (!range.loaded() || !range.watching() || range.alive_at() < freshness_.as_of) return;
    ElectionPtr view = std::move(found->second.view);
    ranges_.push_back(std::move(found->second.range));
    joining_.erase(found);
    confirmed_ = Revision{};  // which was confirmed without it
    awaited_.reset();
    AnnounceChangeOfSources();
    QueueChanges changes{.published = {view}};
    if (view->leader() != nullptr) changes.leaders.push_back({.after = view});
    Show(std::move(changes));
  }

  // `passes_on`: another prefix is to have its name.
  void Drop(const ExplicitPrefix& prefix, bool passes_on) {
    const ElectionName& name = prefix.election;
    if (joining_.erase(name) != 0) return;
    const auto range = std::find_if(ranges_.begin(), ranges_.end(), [&](const auto& each) {
      return each->queues().source() == prefix.fingerprint();
    });
    dropped_.events += (*range)->events();
    dropped_.relists += (*range)->relists();
    dropped_.missed += (*range)->missed();
    ranges_.erase(range);
    const ElectionPtr view = store_.Find(name.ns, name.name);
    const Revision at = std::max(freshness_.revision, view ? view->last_change : Revision{});
    hidden_.erase(name);
    AnnounceChangeOfSources();
    // Changed at the latest now, for those who know the other one.
    const ElectionPtr namesake = passes_on ? nullptr : ShowUnderTheRoot(name, at);
    if (namesake != nullptr) {
      store_.Publish(namesake);
    } else {
      absent_at_least_ = std::max(absent_at_least_, at);
      PublishAbsence();
      store_.Remove(name.ns, name.name);
    }
    if (!told_) return;
    if (view != nullptr && view->leader() != nullptr) told_({.before = view});
    if (namesake != nullptr && namesake->leader() != nullptr) told_({.after = namesake});
  }

  // Before the views change; PublishFreshness says which ones are served then. So nobody takes the
  // one state for the other, whenever he looks.
  void AnnounceChangeOfSources() {
    freshness_.sources = kSourcesChange;
    store_.SetFreshness(freshness_);
  }

  ElectionPtr ShowUnderTheRoot(const ElectionName& name, Revision changed_at) {
    if (ranges_.empty() || ranges_.front()->queues().source() != 0) return nullptr;
    return ranges_.front()->ShowAgain(name, changed_at);
  }

  void Note(const QueueChanges& changes) {
    if (history_ == nullptr) return;
    for (const LeaderChange& change : changes.leaders) history_->Add(change);
  }

  void Publish(QueueChanges changes) {
    Note(changes);
    Show(std::move(changes));
  }

  void Show(QueueChanges changes) {
    for (ElectionPtr& view : changes.published) store_.Publish(std::move(view));
    if (!changes.removed.empty()) {
      PublishAbsence();
      for (const ElectionName& gone : changes.removed) store_.Remove(gone.ns, gone.name);
    }
    if (!told_) return;
    for (const LeaderChange& change : changes.leaders) told_(change);
  }

  // A linearizable read of one key each second: adds no raft entry and shows that the member which
  // tells us events still has a quorum. That it still tells them is shown by the watch stream's own
  // signs of life.
  void Probe() {
    const MonotonicTime sent_at = scheduler_.Now();
    const WallTime sent_at_wall = std::chrono::system_clock::now();
    client_.Range({.key = ProbeKey(), .limit = 1, .keys_only = true}, kProbeCall,
                  scope_.Bind([this, sent_at, sent_at_wall,
                               floor = newest_](Result<etcd::RangeResponse> result) {
                    if (result.ok() && Check(result->header, floor)) {
                      probed_at_ = sent_at;
                      probed_at_wall_ = sent_at_wall;
                      if (!awaited_) awaited_ = {result->header.revision, scheduler_.Now()};
                    }
                    PublishFreshness();
                    probe_timer_.Set(std::max(sent_at + kProbeEvery, scheduler_.Now()),
                                     [this] { Probe(); });
                  }));
  }

  std::string ProbeKey() const { return ranges_.empty() ? "/" : ranges_.front()->queues().begin(); }

  // The clone guard: false when this answer is from another cluster, or from before what was known
  // when it was asked for.
  bool Check(const etcd::Header& header, Revision floor) {
    const bool same = freshness_.cluster_id == 0 || header.cluster_id == freshness_.cluster_id;
    if (same && header.revision >= floor) {
      freshness_.cluster_id = header.cluster_id;
      newest_ = std::max(newest_, header.revision);
      return true;
    }
    log::Error(
        "etcd's history is not the one we knew (restored from a snapshot, or another cluster "
        "at the same address): fencing tokens from before mean nothing now",
        {{"cluster_before", freshness_.cluster_id},
         {"cluster_now", header.cluster_id},
         {"revision_before", newest_.value},
         {"revision_now", header.revision.value}});
    freshness_.tokens_invalid = true;
    ++freshness_.history;
    confirmed_ = absent_at_least_ = Revision{};
    freshness_.revision = freshness_.listed_at = Revision{};
    awaited_.reset();
    freshness_.cluster_id = header.cluster_id;
    newest_ = header.revision;
    for (auto& range : ranges_) range->ListNewHistory();
    for (auto& [name, joining] : joining_) joining.range->ListNewHistory();
    return false;
  }

  // Before elections are removed, so that nobody finds one missing that was said to be known. Their
  // revision follows after: whoever resumes from it must have been told of the removals.
  void PublishAbsence() {
    freshness_.absent_since = AbsentSince();
    store_.SetFreshness(freshness_);
  }

  Revision AbsentSince() const {
    Revision since = absent_at_least_;
    for (const auto& range : ranges_) since = std::max(since, range->queues().absent_since());
    return since;
  }

  void PublishFreshness() {
    freshness_.loaded = freshness_.watching = true;
    freshness_.absent_since = AbsentSince();
    freshness_.listed_at = Revision{};
    freshness_.sources = 0;
    bool all_listed = true;
    MonotonicTime alive = MonotonicTime::max();
    for (const auto& range : ranges_) {
      freshness_.loaded &= range->loaded();
      freshness_.watching &= range->watching();
      freshness_.sources ^= range->queues().source();
      freshness_.listed_at = std::max(freshness_.listed_at, range->queues().listed_at());
      all_listed &= range->queues().listed_at() != Revision{};
      alive = std::min(alive, range->alive_at());
    }
    if (!all_listed) freshness_.listed_at = Revision{};
    const MonotonicTime confirmed = std::min(probed_at_, alive);
    Confirm(alive);
    freshness_.newest = newest_;
    freshness_.revision = all_listed ? CompleteUpTo() : Revision{};
    if (confirmed > freshness_.as_of) {
      freshness_.as_of = confirmed;
      freshness_.as_of_wall =
          probed_at_wall_ - std::chrono::duration_cast<WallTime::duration>(probed_at_ - confirmed);
    }
    store_.SetFreshness(freshness_);
  }

  // Most revisions of an etcd touch no key of ours, and no event tells them. A member that had
  // answered a probe with a revision was about to tell the events up to it; once it has answered
  // the watch a while after that, it has.
  void Confirm(MonotonicTime alive) {
    if (!freshness_.watching) awaited_.reset();
    if (!awaited_ || alive < awaited_->answered_at + kToldWithin) return;
    confirmed_ = awaited_->revision;
    awaited_.reset();
  }

  Revision CompleteUpTo() const {
    std::optional<Revision> complete;
    for (const auto& range : ranges_) {
      const Revision here = std::max(confirmed_, range->queues().revision());
      complete = std::min(complete.value_or(here), here);
    }
    return complete.value_or(newest_);
  }

  // The revision of a probe, until every watch has shown that it is told up to it.
  struct Awaited {
    Revision revision;
    MonotonicTime answered_at;
  };

  Scheduler& scheduler_;
  etcd::Client& client_;
  ViewStore& store_;
  const Milliseconds reread_within_;
  Random random_;
  std::function<void(const LeaderChange&)> told_;
  History* history_ = nullptr;
  Timer probe_timer_;
  Freshness freshness_;
  MonotonicTime probed_at_;  // when the newest answered probe left
  WallTime probed_at_wall_;
  Revision newest_;  // of linearizable answers
  std::optional<Awaited> awaited_;
  Revision confirmed_;             // every range is complete up to here, whatever its events said
  Revision absent_at_least_;       // of prefixes that were dropped
  std::set<ElectionName> hidden_;  // under the root, by explicit prefixes
  uint64_t refused_ = 0;           // prefixes, by the newest SetPrefixes
  mutable Counters counters_;
  Counters dropped_;  // of ranges that are gone
  std::vector<ExplicitPrefix> prefixes_;
  std::vector<std::unique_ptr<RangeObserver>> ranges_;
  std::map<ElectionName, Joining> joining_;
  Scope scope_;
};

Observer::Observer(Scheduler& scheduler, etcd::Client& client, ObserverOptions options,
                   ViewStore& store)
    : impl_(std::make_unique<Impl>(scheduler, client, std::move(options), store)) {}
Observer::~Observer() = default;

void Observer::Start() { impl_->Start(); }
void Observer::SetPrefixes(const std::vector<ExplicitPrefix>& prefixes) {
  impl_->SetPrefixes(prefixes);
}
void Observer::Keep(History& history) { impl_->Keep(history); }
void Observer::OnLeaderChange(std::function<void(const LeaderChange&)> told) {
  impl_->OnLeaderChange(std::move(told));
}
const Observer::Counters& Observer::counters() const { return impl_->counters(); }

}  // namespace bellwether::election
