// Who led before: the last changes of leader of each election, in memory alone. Bounded for each
// election and over all of them, where the oldest ones go first, whosever they are. The first
// leader that was ever seen takes no memory: its view tells all there is. So an election that never
// changes costs nothing, and there may be as many as etcd holds.
//
// Thread: Add on the shard's; the rest on any.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "election/name.h"
#include "election/view.h"

namespace bellwether::election {

struct PastChange {
  Seen seen;
  bool listed = false;                  // LeaderChange::listed; of one who led when we started too
  FencingToken token;                   // of who leads from then on; 0 = nobody
  std::string id, address;              // likewise; empty
  std::optional<Milliseconds> led_for;  // LeaderChange::led_for; unset while it leads
};

struct PastChanges {
  std::vector<PastChange> changes;  // the newest last
  Seen complete_since;              // every change after it is among them
};

class History {
 public:
  static constexpr size_t kMaxChanges = 32;  // of one election
  static constexpr size_t kMaxBytes = 8u << 20;

  explicit History(size_t max_bytes = kMaxBytes) : max_bytes_(max_bytes) {}

  // Each change, before the view after it is published.
  void Add(const LeaderChange& change);

  // The newest changes, at most `limit` (1 or more) of them. `view` was published before.
  PastChanges Of(const ElectionView& view, size_t limit = kMaxChanges) const;
  // What it takes of the heap, as far as that can be known.
  size_t bytes() const;

 private:
  struct Stored {
    PastChange change;
    const ElectionName* election;  // the key in records_
  };
  using Order = std::list<Stored>;  // of all elections, the oldest first
  struct Record {
    uint64_t source = 0;           // ElectionView::source: the same name may pass to another prefix
    std::optional<Seen> left_out;  // the newest one that is kept no more
    std::vector<Order::iterator> changes;
  };
  using Records = std::map<ElectionName, Record>;

  void Append(Records::value_type& record, PastChange change);
  void DropOldestOf(Record& record);
  static size_t BytesOf(const PastChange& change);
  static size_t BytesOf(const ElectionName& election);

  const size_t max_bytes_;
  mutable std::mutex mutex_;  // guards what follows
  size_t bytes_ = 0;
  Records records_;
  Order order_;
  std::optional<Seen> forgotten_;  // the newest change of an election of which none is kept
};

}  // namespace bellwether::election
