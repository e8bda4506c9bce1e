#include "election/root_queues.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/fingerprint.h"
#include "election/candidate_view.h"

namespace bellwether::election {
namespace {

// The first one leads (etcd's concurrency package: lowest create_revision).
void Sort(std::vector<CandidateView>& queue) {
  const auto before = [](const auto& a, const auto& b) {
    return std::tie(a.create_revision, a.key) < std::tie(b.create_revision, b.key);
  };
  // Who joins does so behind the others.
  if (!std::is_sorted(queue.begin(), queue.end(), before)) {
    std::sort(queue.begin(), queue.end(), before);
  }
}

}  // namespace

uint64_t ExplicitPrefix::fingerprint() const {
  Fingerprint print;
  print.Add(election.str());
  print.Add(prefix);
  return std::max<uint64_t>(print.value(), 1);
}

RootQueues::RootQueues(std::string range) : begin_(range + "/"), end_(etcd::PrefixEnd(begin_)) {}

RootQueues RootQueues::OfRoot(std::string root) {
  RootQueues queues(root);
  queues.root_ = std::move(root);
  return queues;
}

RootQueues RootQueues::OfPrefix(ExplicitPrefix prefix) {
  RootQueues queues(prefix.prefix);
  queues.explicit_ = std::move(prefix);
  return queues;
}

RootQueues::Kind RootQueues::Classify(std::string_view key, ElectionName* election) const {
  if (!key.starts_with(begin_)) return Kind::kForeign;
  if (explicit_) {
    *election = explicit_->election;
    return Kind::kElection;
  }
  const std::string_view rest = key.substr(begin_.size());
  if (rest.starts_with('.')) return Kind::kOwnState;  // .control, .controllers
  const size_t first = rest.find('/');
  if (first == std::string_view::npos) return Kind::kForeign;
  const size_t second = rest.find('/', first + 1);
  if (second == std::string_view::npos) return Kind::kForeign;
  const std::string_view ns = rest.substr(0, first);
  const std::string_view name = rest.substr(first + 1, second - first - 1);
  if (!IsDnsLabel(ns) || !IsDnsLabel(name)) return Kind::kForeign;
  *election = {std::string(ns), std::string(name)};
  return Kind::kElection;
}

std::string RootQueues::PrefixFor(const ElectionName& election) const {
  return explicit_ ? explicit_->prefix : PrefixOf(root_, election);
}

void RootQueues::ForgetHistory() {
  absent_since_ = {};
  listed_at_ = Revision{};
}

void RootQueues::StartLoad() {
  loading_.clear();
  loading_foreign_ = 0;
}

void RootQueues::LoadPage(const std::vector<etcd::KeyValue>& kvs) {
  ElectionName election;
  for (const etcd::KeyValue& kv : kvs) {
    const Kind kind = Classify(kv.key, &election);
    if (kind == Kind::kForeign) ++loading_foreign_;
    if (kind == Kind::kElection) loading_[election].push_back(DescribeCandidate(kv));
  }
}

QueueChanges RootQueues::FinishLoad(Moment at, Revision revision) {
  QueueChanges changes;
  EndReread();
  foreign_keys_ = loading_foreign_;
  const By by = loaded_ && !listed_at_ ? By::kListOfNewHistory : By::kList;
  // Whatever came and went before the list without being seen is unknown.
  listed_at_ = revision;
  if (!explicit_) absent_since_ = {revision, at.now, at.wall};
  for (const auto& [known, state] : elections_) loading_.try_emplace(known);
  if (explicit_) loading_.try_emplace(explicit_->election);
  for (auto it = loading_.begin(); it != loading_.end(); it = loading_.erase(it)) {
    Sort(it->second);
    Publish(at, it->first, std::move(it->second), revision, by, changes);
  }
  Forget(at, revision, changes);
  StartLoad();
  loaded_ = true;
  revision_ = revision;
  return changes;
}

QueueChanges RootQueues::Load(Moment at, Revision revision,
                              const std::vector<etcd::KeyValue>& kvs) {
  StartLoad();
  LoadPage(kvs);
  return FinishLoad(at, revision);
}

QueueChanges RootQueues::Apply(Moment at, const etcd::WatchBatch& batch) {
  QueueChanges changes;
  Revision applying;
  for (const etcd::Event& event : batch.events) {
    const Revision revision = event.kv.mod_revision;
    if (revision <= revision_) continue;  // in the list already
    if (revision != applying) Commit(at, applying, changes);
    applying = revision;
    ElectionName election;
    const Kind kind = Classify(event.kv.key, &election);
    const bool put = event.kind == etcd::Event::Kind::kPut;
    if (kind == Kind::kForeign) {
      if (put && event.kv.version == 1) ++foreign_keys_;
      if (!put && foreign_keys_ > 0) --foreign_keys_;
    }
    if (kind != Kind::kElection) continue;
    if (rereading_) touched_.insert(event.kv.key);
    Edit(event, election);
  }
  Commit(at, applying, changes);
  revision_ = std::max(revision_, applying);
  return changes;
}

void RootQueues::StartReread() {
  rereading_ = true;
  touched_.clear();
}

void RootQueues::EndReread() {
  rereading_ = false;
  touched_.clear();
}

size_t RootQueues::Differences(std::string_view from, std::string_view to,
                               const std::vector<etcd::KeyValue>& kvs) const {
  std::unordered_map<std::string_view, const etcd::KeyValue*> listed;
  ElectionName election;
  for (const etcd::KeyValue& kv : kvs) {
    if (Classify(kv.key, &election) == Kind::kElection) listed.emplace(kv.key, &kv);
  }
  size_t differences = 0;
  const auto is_touched = [this](std::string_view key) { return touched_.contains(key); };
  for (const auto& [name, state] : elections_) {
    // Its keys are those with this prefix and a '/', whose successor is '0'.
    const std::string_view prefix = state.view->prefix;
    if (from.compare(0, prefix.size(), prefix) > 0 || to <= prefix) continue;
    for (const CandidateView& known : state.view->queue) {
      if (known.key < from || known.key >= to || is_touched(known.key)) continue;
      const auto found = listed.find(known.key);
      if (found == listed.end() || found->second->mod_revision > known.mod_revision) ++differences;
      if (found != listed.end()) listed.erase(found);
    }
  }
  for (const auto& [key, kv] : listed) differences += is_touched(key) ? 0 : 1;
  return differences;
}

void RootQueues::Edit(const etcd::Event& event, const ElectionName& election) {
  std::optional<CandidateView>& after = edited_[election][event.kv.key];
  after.reset();
  if (event.kind == etcd::Event::Kind::kPut) after = DescribeCandidate(event.kv);
}

void RootQueues::Commit(Moment at, Revision revision, QueueChanges& changes) {
  for (auto& [election, edits] : edited_) {
    const auto known = elections_.find(election);
    std::vector<CandidateView> queue;
    bool changed = false;
    if (known != elections_.end()) {
      queue.reserve(known->second.view->queue.size() + edits.size());
      for (const CandidateView& candidate : known->second.view->queue) {
        if (edits.contains(candidate.key)) {
          changed = true;
        } else {
          queue.push_back(candidate);
        }
      }
    }
    for (auto& [key, after] : edits) {
      if (after) queue.push_back(std::move(*after));
      changed |= after.has_value();
    }
    // The deletion of a key that was not known changes nothing.
    if (!changed) continue;
    Sort(queue);
    Publish(at, election, std::move(queue), revision, By::kEvents, changes);
  }
  edited_.clear();
  Forget(at, revision, changes);
}

void RootQueues::Publish(Moment at, const ElectionName& election, std::vector<CandidateView> queue,
                         Revision changed_at, By by, QueueChanges& changes) {
  const Seen seen{changed_at, at.now, at.wall};
  State& state = elections_[election];
  const ElectionPtr before = state.view;
  auto view = std::make_shared<ElectionView>();
  view->ns = election.ns;
  view->name = election.name;
  view->prefix = before ? before->prefix : PrefixFor(election);
  view->source = source();
  view->queue = std::move(queue);
  view->queue.shrink_to_fit();
  view->last_change = changed_at;
  if (before) {
    keys_ -= before->queue.size();
    view->transitions = before->transitions;
    view->leader_since = before->leader_since;
    view->vacant_since = before->vacant_since;
    view->since_is_lower_bound = before->since_is_lower_bound;
    view->last_failover = before->last_failover;
  }
  keys_ += view->queue.size();
  const Revision led_before =
      before && before->leader() ? before->leader()->create_revision : Revision{};
  const Revision leads = view->leader() ? view->leader()->create_revision : Revision{};
  const bool changed = leads != led_before;
  const bool unbroken = before && (by == By::kEvents || (by == By::kList && leads && !changed));
  if (unbroken) {
    view->complete_since = before->complete_since;
  } else {
    view->complete_since = by == By::kEvents ? absent_since_ : seen;
  }
  LeaderChange change{.before = before, .seen = seen, .listed = by != By::kEvents};
  if (changed) {
    if (state.led_from && !change.listed) {
      change.led_for = std::chrono::duration_cast<Milliseconds>(at.now - *state.led_from);
    }
    state.led_from.reset();
    if (leads && !change.listed) state.led_from = at.now;
  }
  if (changed && leads) {
    if (state.last_leader) {
      ++view->transitions;
      view->last_failover = state.lost_at
                                ? std::chrono::duration_cast<Milliseconds>(at.now - *state.lost_at)
                                : Milliseconds(0);
    }
    state.last_leader = leads;
    state.lost_at.reset();
    view->leader_since = at.wall;
    view->vacant_since.reset();
    view->since_is_lower_bound = !loaded_;
  } else if (changed) {
    state.lost_at = at.now;
    view->leader_since.reset();
    view->vacant_since = at.wall;
    view->since_is_lower_bound = false;
    if (!explicit_) empty_.push_back(election);
  }
  state.view = std::move(view);
  changes.published.push_back(state.view);
  if (!changed) return;
  if (leads) change.after = state.view;
  changes.leaders.push_back(std::move(change));
}

ElectionPtr RootQueues::ShowAgain(Moment at, const ElectionName& election, Revision changed_at) {
  const auto known = elections_.find(election);
  if (known == elections_.end()) return nullptr;
  auto view = std::make_shared<ElectionView>(*known->second.view);
  view->last_change = std::max(view->last_change, changed_at);
  view->complete_since = {view->last_change, at.now, at.wall};
  known->second.view = std::move(view);
  return known->second.view;
}

void RootQueues::Forget(Moment at, Revision revision, QueueChanges& changes) {
  while (empty_.size() > kMaxEmpty) {
    const ElectionName oldest = std::move(empty_.front());
    empty_.pop_front();
    const auto it = elections_.find(oldest);
    // One that has filled again, or stands in the line a second time, stays.
    if (it == elections_.end() || it->second.view->leader() != nullptr) continue;
    if (std::find(empty_.begin(), empty_.end(), oldest) != empty_.end()) continue;
    elections_.erase(it);
    if (revision > absent_since_.revision) absent_since_ = {revision, at.now, at.wall};
    changes.removed.push_back(oldest);
  }
}

}  // namespace bellwether::election
