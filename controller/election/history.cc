#include "election/history.h"

#include <algorithm>
#include <utility>

namespace bellwether::election {
namespace {

constexpr size_t kAllocation = 16;  // what the heap adds to each piece
constexpr size_t kListNode = 2 * sizeof(void*);
constexpr size_t kMapNode = 4 * sizeof(void*);

// Beyond what fits into the string itself.
size_t HeapOf(const std::string& text) {
  return text.capacity() > std::string().capacity() ? text.capacity() + 1 + kAllocation : 0;
}

ElectionName NameOf(const ElectionView& view) { return {view.ns, view.name}; }

// Whether the one who leads is the first one ever seen to: no change is stored for it.
bool IsFirst(const ElectionView& view) { return view.leader() != nullptr && view.transitions == 0; }

bool NeverChanged(const ElectionView& view) {
  return view.transitions == 0 && (view.leader() != nullptr || !view.vacant_since);
}

PastChange ChangeTo(const CandidateView& leader) {
  return {.token = {leader.create_revision.value}, .id = leader.id, .address = leader.address};
}

// How the first one came to lead, from its view. `known_at`: not before it.
PastChange FirstOf(const ElectionView& view, MonotonicTime known_at) {
  const CandidateView& leader = *view.leader();
  PastChange first = ChangeTo(leader);
  // A list found its key there, or its event told of it in the very revision that made it.
  first.listed = leader.create_revision <= view.complete_since.revision;
  first.seen = {first.listed ? view.complete_since.revision : leader.create_revision, known_at,
                view.leader_since.value_or(view.complete_since.wall)};
  return first;
}

// Revisions of different histories do not compare, and wall clocks jump.
Seen Later(const Seen& a, const std::optional<Seen>& b) { return b && b->at > a.at ? *b : a; }

}  // namespace

void History::Add(const LeaderChange& change) {
  const ElectionView* before = change.before.get();
  if (change.after && IsFirst(*change.after)) return;
  const ElectionView& view = change.after ? *change.after : *before;
  const std::lock_guard lock(mutex_);
  const bool after_first = before != nullptr && IsFirst(*before);
  const auto [at, is_new] = records_.try_emplace(NameOf(view));
  Record& record = at->second;
  if (is_new) {
    bytes_ += BytesOf(at->first);
    record.source = view.source;
    // Something came before it, unless it is the first change.
    if (!after_first) record.left_out = forgotten_;
  }
  if (record.source != view.source) {
    while (!record.changes.empty()) DropOldestOf(record);
    record.left_out.reset();
    record.source = view.source;
  }
  const auto is_before = [&](const PastChange& last) {
    return before != nullptr && before->leader() != nullptr && last.token == *before->token();
  };
  const bool has_before = !record.changes.empty() && is_before(record.changes.back()->change);
  if (after_first && !has_before) Append(*at, FirstOf(*before, change.seen.at));
  if (!record.changes.empty() && is_before(record.changes.back()->change)) {
    record.changes.back()->change.led_for = change.led_for;
  }
  PastChange now = change.after ? ChangeTo(*change.after->leader()) : PastChange{};
  now.seen = change.seen;
  now.listed = change.listed;
  Append(*at, std::move(now));
  while (bytes_ > max_bytes_ && !order_.empty()) {
    const auto oldest = records_.find(*order_.front().election);
    DropOldestOf(oldest->second);
    if (!oldest->second.changes.empty()) continue;
    forgotten_ = oldest->second.left_out;
    bytes_ -= BytesOf(oldest->first);
    records_.erase(oldest);
  }
}

void History::Append(Records::value_type& record, PastChange change) {
  auto& changes = record.second.changes;
  if (changes.size() == kMaxChanges) DropOldestOf(record.second);
  order_.push_back({std::move(change), &record.first});
  bytes_ += BytesOf(order_.back().change);
  changes.push_back(std::prev(order_.end()));
}

void History::DropOldestOf(Record& record) {
  const Order::iterator oldest = record.changes.front();
  record.left_out = oldest->change.seen;
  bytes_ -= BytesOf(oldest->change);
  order_.erase(oldest);
  record.changes.erase(record.changes.begin());
}

PastChanges History::Of(const ElectionView& view, size_t limit) const {
  PastChanges past{.changes = {}, .complete_since = view.complete_since};
  {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(NameOf(view));
    if (found != records_.end() && found->second.source == view.source) {
      past.complete_since = Later(past.complete_since, found->second.left_out);
      for (const auto& each : found->second.changes) past.changes.push_back(each->change);
    } else if (!NeverChanged(view)) {
      past.complete_since = Later(past.complete_since, forgotten_);
    }
  }
  // The view may be older than what is stored, and its leader stored by now.
  const auto is_stored = [&](const PastChange& each) { return each.token == view.token(); };
  if (IsFirst(view) && std::ranges::none_of(past.changes, is_stored)) {
    past.changes.push_back(FirstOf(view, past.complete_since.at));
  }
  while (past.changes.size() > limit) {
    past.complete_since = Later(past.complete_since, past.changes.front().seen);
    past.changes.erase(past.changes.begin());
  }
  return past;
}

size_t History::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

size_t History::BytesOf(const PastChange& change) {
  // An array of iterators may be twice as long as what it holds.
  return sizeof(Stored) + kListNode + kAllocation + 2 * sizeof(Order::iterator) +
         HeapOf(change.id) + HeapOf(change.address);
}

size_t History::BytesOf(const ElectionName& election) {
  return sizeof(Records::value_type) + kMapNode + 2 * kAllocation + HeapOf(election.ns) +
         HeapOf(election.name);
}

}  // namespace bellwether::election
