#include "election/root_queues.h"

#include <algorithm>
#include <utility>

#include "election/value.h"

namespace bellwether::election {
namespace {

CandidateView Describe(const etcd::KeyValue& kv) {
  DescribedValue described = DescribeValue(kv.value, kv.lease);
  CandidateView candidate{.id = std::move(described.id),
                          .address = std::move(described.address),
                          .value = std::move(described.value),
                          .key = kv.key,
                          .lease = kv.lease,
                          .create_revision = kv.create_revision,
                          .mod_revision = kv.mod_revision,
                          .ours = described.ours};
  if (candidate.value.size() > kMaxShownValueBytes) {
    candidate.value.resize(kMaxShownValueBytes);
    candidate.value.shrink_to_fit();
    candidate.value_cut = true;
  }
  return candidate;
}

auto HasKey(std::string_view key) {
  return [key](const CandidateView& candidate) { return candidate.key == key; };
}

}  // namespace

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

QueueChanges RootQueues::Load(Moment at, Revision revision,
                              const std::vector<etcd::KeyValue>& kvs) {
  QueueChanges changes;
  EndReread();
  foreign_keys_ = 0;
  ElectionName election;
  for (const etcd::KeyValue& kv : kvs) {
    foreign_keys_ += Classify(kv.key, &election) == Kind::kForeign ? 1 : 0;
  }
  const bool new_history = std::exchange(new_history_, false);
  if (new_history) {
    keys_.clear();
    for (const auto& [known, state] : elections_) Edit(known).view.queue.clear();
  }
  std::vector<std::string> gone;
  Compare(begin_, end_, kvs, /*only_newer=*/false, [this](const etcd::KeyValue& kv) { Put(kv); },
          [&gone](const std::string& key) { gone.push_back(key); });
  for (const std::string& key : gone) Erase(key, revision);
  if (explicit_ && !loaded_) Edit(explicit_->election);
  if (new_history) {
    for (auto& [known, edited] : edited_) edited.view.last_change = revision;
  }
  Commit(at, changes);
  loaded_ = true;
  revision_ = revision;
  return changes;
}

QueueChanges RootQueues::Apply(Moment at, const etcd::WatchBatch& batch) {
  QueueChanges changes;
  Revision applying;
  for (const etcd::Event& event : batch.events) {
    const Revision revision = event.kv.mod_revision;
    if (revision <= revision_) continue;  // in the list already
    if (revision != applying) Commit(at, changes);
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
    if (put) {
      Put(event.kv);
    } else {
      Erase(event.kv.key, revision);
    }
  }
  Commit(at, changes);
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
  size_t differences = 0;
  Compare(from, to, kvs, /*only_newer=*/true, [&](const etcd::KeyValue&) { ++differences; },
          [&](const std::string&) { ++differences; });
  return differences;
}

template <typename OnPut, typename OnErase>
void RootQueues::Compare(std::string_view from, std::string_view to,
                         const std::vector<etcd::KeyValue>& kvs, bool only_newer, OnPut put,
                         OnErase erase) const {
  std::set<std::string_view> listed;
  std::vector<const etcd::KeyValue*> changed;
  for (const etcd::KeyValue& kv : kvs) {
    listed.insert(kv.key);
    if (touched_.contains(kv.key)) continue;
    ElectionName election;
    if (Classify(kv.key, &election) != Kind::kElection) continue;
    const auto known = keys_.find(kv.key);
    const bool differs =
        known == keys_.end() ||
        (only_newer ? kv.mod_revision > known->second.mod_revision
                    : kv.mod_revision != known->second.mod_revision ||
                          kv.create_revision != known->second.create_revision);
    if (differs) changed.push_back(&kv);
  }
  for (auto it = keys_.lower_bound(from); it != keys_.end() && it->first < to; ++it) {
    if (!listed.contains(it->first) && !touched_.contains(it->first)) erase(it->first);
  }
  for (const etcd::KeyValue* kv : changed) put(*kv);
}

RootQueues::Edited& RootQueues::Edit(const ElectionName& election) {
  const auto [it, is_new] = edited_.try_emplace(election);
  if (is_new) {
    const auto known = elections_.find(election);
    if (known != elections_.end()) {
      it->second.view = *known->second.view;
    } else {
      it->second.view.ns = election.ns;
      it->second.view.name = election.name;
      it->second.view.prefix = PrefixFor(election);
    }
  }
  return it->second;
}

void RootQueues::Put(const etcd::KeyValue& kv) {
  ElectionName election;
  if (Classify(kv.key, &election) != Kind::kElection) return;
  Edited& edited = Edit(election);
  auto& queue = edited.view.queue;
  const bool is_known = keys_.contains(kv.key);
  const auto place =
      is_known ? std::find_if(queue.begin(), queue.end(), HasKey(kv.key)) : queue.end();
  if (place == queue.end()) {
    queue.push_back(Describe(kv));
    edited.sort = true;
  } else {
    edited.sort |= place->create_revision != kv.create_revision;
    *place = Describe(kv);
  }
  keys_.insert_or_assign(kv.key, Known{election, kv.create_revision, kv.mod_revision});
  edited.view.last_change = std::max(edited.view.last_change, kv.mod_revision);
}

void RootQueues::Erase(const std::string& key, Revision at) {
  const auto known = keys_.find(key);
  if (known == keys_.end()) return;
  Edited& edited = Edit(known->second.election);
  auto& queue = edited.view.queue;
  const auto place = std::find_if(queue.begin(), queue.end(), HasKey(key));
  if (place != queue.end()) queue.erase(place);
  edited.view.last_change = std::max(edited.view.last_change, at);
  keys_.erase(known);
}

void RootQueues::Commit(Moment at, QueueChanges& changes) {
  for (auto& [election, edited] : edited_) {
    ElectionView& view = edited.view;
    if (edited.sort) {
      std::sort(view.queue.begin(), view.queue.end(), [](const auto& a, const auto& b) {
        return std::pair(a.create_revision, a.key) < std::pair(b.create_revision, b.key);
      });
    }
    State& state = elections_[election];
    const ElectionPtr before = state.view;
    const Revision led_before = before && before->leader() ? before->leader()->create_revision
                                                           : Revision{};
    const Revision leads = view.leader() ? view.leader()->create_revision : Revision{};
    const bool changed = leads != led_before;
    if (changed && leads) {
      if (state.last_leader) ++view.transitions;
      if (state.last_leader) {
        view.last_failover = state.lost_at ? std::chrono::duration_cast<Milliseconds>(
                                                 at.now - *state.lost_at)
                                           : Milliseconds(0);
      }
      state.last_leader = leads;
      state.lost_at.reset();
      view.leader_since = at.wall;
      view.since_is_lower_bound = !loaded_;
    } else if (changed) {
      state.lost_at = at.now;
      view.leader_since.reset();
      view.since_is_lower_bound = false;
      if (!explicit_) empty_.push_back(election);
    }
    state.view = std::make_shared<const ElectionView>(std::move(view));
    changes.published.push_back(state.view);
    if (changed) changes.leaders.push_back({before, leads ? state.view : nullptr});
  }
  edited_.clear();
  Forget(changes);
}

void RootQueues::Forget(QueueChanges& changes) {
  while (empty_.size() > kMaxEmpty) {
    const ElectionName oldest = std::move(empty_.front());
    empty_.pop_front();
    const auto it = elections_.find(oldest);
    // One that has filled again, or stands in the line a second time, stays.
    if (it == elections_.end() || it->second.view->leader() != nullptr) continue;
    if (std::find(empty_.begin(), empty_.end(), oldest) != empty_.end()) continue;
    elections_.erase(it);
    changes.removed.push_back(oldest);
  }
}

}  // namespace bellwether::election
