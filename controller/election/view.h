// What is published about elections: immutable values, made on the shard, read by any thread (HTTP, metrics, command line).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace bellwether::election {

// Any client may queue with a value of a megabyte; memory per key stays bounded.
inline constexpr size_t kMaxShownValueBytes = 16 * 1024;

// One place in a queue, decoded. Foreign values are shown as far as they can be (see value.h).
struct CandidateView {
  std::string id;       // from our JSON value; a short printable foreign value; else "lease:<hex>"
  std::string address;  // URL that the candidate registered; empty = none
  std::string value;    // the application's value: "value" of our JSON, else the foreign value as it is (opaque bytes)
  std::string key;
  LeaseId lease;        // as etcd has it, not as the key is named; 0 = none: such a key never expires
  Revision create_revision;
  Revision mod_revision;
  bool ours = false;    // its value is our JSON
  bool value_cut = false;  // longer than kMaxShownValueBytes: only its beginning is kept
};

// One election at one moment.
struct ElectionView {
  std::string ns;
  std::string name;
  std::string prefix;                // without the trailing '/'
  std::vector<CandidateView> queue;  // by create_revision; the first one leads
  Revision last_change;              // revision of the last known change of anything above: the index of blocking queries
  uint64_t transitions = 0;          // changes of leader that this process has seen
  std::optional<WallTime> leader_since;  // when the leader was first seen leading; unset if none
  bool since_is_lower_bound = false;     // it led already when we started: since is when we began to look
  std::optional<Milliseconds> last_failover;  // from the loss of the last leader to the next one; unset before the first

  const CandidateView* leader() const { return queue.empty() ? nullptr : &queue.front(); }
  std::optional<FencingToken> token() const {
    if (queue.empty()) return std::nullopt;
    return FencingToken{queue.front().create_revision.value};
  }
};

using ElectionPtr = std::shared_ptr<const ElectionView>;

struct LeaderChange {
  ElectionPtr before;  // null = the election was not known
  ElectionPtr after;   // null = nobody is in the queue any more
};

// How long a confirmation counts: views that were not confirmed for longer are stale.
inline constexpr Milliseconds kFreshFor{3000};

// How far the views can be believed (design point 13: fresh while the watch stream is alive and a probe was answered within
// 3 s).
struct Freshness {
  bool loaded = false;      // the first list is complete; before it nothing is known, not even that an election is unknown
  Revision revision;        // etcd's revision up to which the views are complete
  MonotonicTime as_of;      // when that was last confirmed
  WallTime as_of_wall;
  bool watching = false;    // the watch stream is alive
  uint64_t cluster_id = 0;
  bool tokens_invalid = false;  // the cluster id changed or the revision went back: tokens from before mean nothing now
  // Stale when not watching, or not confirmed for 3 s.
  bool FreshAt(MonotonicTime now) const;
};

}  // namespace bellwether::election
