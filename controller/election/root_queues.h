// The queues of all elections under one root, or of one explicit prefix, kept from a list and the events after it. Pure: takes
// the time as an argument, returns what to publish. Whoever leads follows from the keys alone: the lowest create_revision.
//
// What it must get right: a whole revision at a time (a lease's keys all vanish in one), keys with any suffix (Go's clients count
// them too), lists that differ from what the events said, and bounded memory whatever foreign clients write.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "election/name.h"
#include "election/view.h"
#include "etcd/api.h"

namespace bellwether::election {

struct ExplicitPrefix {
  ElectionName election;
  std::string prefix;
};

// What to publish, in order.
struct QueueChanges {
  std::vector<ElectionPtr> published;
  std::vector<ElectionName> removed;
  std::vector<LeaderChange> leaders;
};

class RootQueues {
 public:
  struct Moment {
    MonotonicTime now;
    WallTime wall;
  };
  // A root election whose queue got empty stays known, with no leader; so many of them at most.
  static constexpr size_t kMaxEmpty = 1000;

  static RootQueues OfRoot(std::string root);
  static RootQueues OfPrefix(ExplicitPrefix prefix);

  // The keys that it wants to be told of: [begin, end).
  const std::string& begin() const { return begin_; }
  const std::string& end() const { return end_; }

  // The whole range at one revision. The first one loads; a later one replaces everything and reports the difference.
  QueueChanges Load(Moment at, Revision revision, const std::vector<etcd::KeyValue>& kvs);
  // The next Load is of another history (a restored store, another cluster): revisions from before mean nothing there, so every
  // view is published anew, as changed at the revision of that list.
  void ForgetHistory() { new_history_ = true; }
  // Whole revisions, in order. What is already known changes nothing.
  QueueChanges Apply(Moment at, const etcd::WatchBatch& batch);

  // Safety re-read of the keys in [from, to): StartReread, read, Differences; if there are any, read again some seconds later, and
  // if there still are, Load a new list of everything: to take over a part would mix two moments into a state that etcd never
  // had. A key that an event touched since StartReread does not count: the event is newer than the read, or another one is on
  // its way.
  void StartReread();
  void EndReread();
  size_t Differences(std::string_view from, std::string_view to,
                     const std::vector<etcd::KeyValue>& kvs) const;

  bool loaded() const { return loaded_; }
  Revision revision() const { return revision_; }  // complete up to here
  size_t key_count() const { return keys_.size(); }
  uint64_t foreign_keys() const { return foreign_keys_; }  // under the root, but of no election

 private:
  struct Edited {
    ElectionView view;
    bool sort = false;
  };
  // Where the key of a known candidate stands, to find it without a search.
  struct Known {
    ElectionName election;
    Revision create_revision;
    Revision mod_revision;
  };
  struct State {
    ElectionPtr view;
    Revision last_leader;  // create_revision of the newest leader seen; 0 = none yet
    std::optional<MonotonicTime> lost_at;
  };

  explicit RootQueues(std::string range);

  enum class Kind { kElection, kOwnState, kForeign };
  Kind Classify(std::string_view key, ElectionName* election) const;
  std::string PrefixFor(const ElectionName& election) const;
  Edited& Edit(const ElectionName& election);
  void Put(const etcd::KeyValue& kv);
  void Erase(const std::string& key, Revision at);
  // Compares with [from, to) of a list; calls put(kv) and erase(key) for the differences.
  template <typename OnPut, typename OnErase>
  void Compare(std::string_view from, std::string_view to, const std::vector<etcd::KeyValue>& kvs,
               bool only_newer, OnPut put, OnErase erase) const;
  void Commit(Moment at, QueueChanges& changes);
  void Forget(QueueChanges& changes);

  std::string root_;  // or empty, and then:
  std::optional<ExplicitPrefix> explicit_;
  std::string begin_;
  std::string end_;

  bool loaded_ = false;
  bool new_history_ = false;
  Revision revision_;
  std::map<ElectionName, State> elections_;
  std::map<std::string, Known, std::less<>> keys_;
  std::map<ElectionName, Edited> edited_;  // by the revision being applied
  std::deque<ElectionName> empty_;         // oldest first; may name one that has filled again
  bool rereading_ = false;
  std::set<std::string, std::less<>> touched_;  // by events while rereading
  uint64_t foreign_keys_ = 0;
};

}  // namespace bellwether::election
