// What is published about elections: immutable values, made on the shard, read by any thread (HTTP,
// metrics, command line).
#pragma once

#include <cstddef>
#include <cstdint>
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
  std::string value;  // the application's value: "value" of our JSON, else the foreign value as it
                      // is (opaque bytes)
  std::string key;
  // as etcd has it, not as the key is named; 0 = none: such a key never expires
  LeaseId lease;
  Revision create_revision;
  Revision mod_revision;
  bool ours = false;       // its value is our JSON
  bool value_cut = false;  // longer than kMaxShownValueBytes: only its beginning is kept
};

// A moment of etcd's history, and when this process came to know of it.
struct Seen {
  Revision revision;
  MonotonicTime at;
  WallTime wall;
};

// One election at one moment.
struct ElectionView {
  std::string ns;
  std::string name;
  std::string prefix;                // without the trailing '/'
  std::vector<CandidateView> queue;  // by create_revision; the first one leads
  // Revision of the last known change of anything above, and the index of blocking queries: nothing
  // above differs between this revision and the one up to which the views are complete. A list does
  // not show what was deleted when, so after one this is the list's revision.
  Revision last_change;
  uint64_t transitions = 0;              // changes of leader that this process has seen
  std::optional<WallTime> leader_since;  // when the leader was first seen leading; unset if none
  // When the last leader was seen to be gone; unset while one leads and before the first one.
  std::optional<WallTime> vacant_since;
  // it led already when we started: leader_since is when we began to look
  bool since_is_lower_bound = false;
  // ExplicitPrefix::fingerprint of where it is served from; 0 = the root
  uint64_t source = 0;
  // from the loss of the last leader to the next one; unset before the first
  std::optional<Milliseconds> last_failover;
  // Every change of leader after it has been seen. A list after a lost watch sets it anew, unless
  // it finds the leader of before: whose key is still there was not away.
  Seen complete_since;

  const CandidateView* leader() const { return queue.empty() ? nullptr : &queue.front(); }
  std::optional<FencingToken> token() const {
    if (queue.empty()) return std::nullopt;
    return FencingToken{queue.front().create_revision.value};
  }
};

using ElectionPtr = std::shared_ptr<const ElectionView>;

struct LeaderChange {
  ElectionPtr before{};  // null = the election was not known
  ElectionPtr after{};   // null = nobody is in the queue any more
  Seen seen{};
  // By a list: it happened then or before, and others may have led in between.
  bool listed = false;
  // How long the one before led; unset for nobody, and where a list told its begin or end.
  std::optional<Milliseconds> led_for{};
};

// How long a confirmation counts: views that were not confirmed for longer are stale.
inline constexpr Milliseconds kFreshFor{3000};

// Freshness::sources while what a prefix holds is being published or removed.
inline constexpr uint64_t kSourcesChange = ~uint64_t{0};

// How far the views can be believed (design point 13: fresh while the watch stream is alive and a
// probe was answered within 3 s).
struct Freshness {
  // the first list is complete; before it nothing is known, not even that an election is unknown
  bool loaded = false;
  // etcd's revision up to which the views are complete; 0 = nothing is known of this history yet
  Revision revision;
  Revision newest;  // etcd's, as its newest linearizable answer said
  // An election that is not published has had no candidate since this revision, if not for longer.
  Revision absent_since;
  // Which explicit prefixes are served: their fingerprints, xor. Replicas with the same
  // configuration say the same.
  uint64_t sources = 0;
  // Of the newest lists; 0 = not all of this history are there. An election that has lost its
  // candidates since is published as vacant until it is removed.
  Revision listed_at;
  MonotonicTime
      as_of;  // when that was last confirmed: by a probe, and by a sign of life of every watch
  WallTime as_of_wall;
  bool watching = false;  // the watch stream is alive
  uint64_t cluster_id = 0;
  // the cluster id changed or the revision went back: tokens from before mean nothing now
  bool tokens_invalid = false;
  uint64_t history = 0;  // how often that happened: revisions of different ones do not compare
  // Stale when not watching, or not confirmed for 3 s.
  bool FreshAt(MonotonicTime now) const;
};

}  // namespace bellwether::election
