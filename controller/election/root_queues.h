// The queues of all elections under one root, or of one explicit prefix, kept from a list and the
// events after it. Pure: takes the time as an argument, returns what to publish. Whoever leads
// follows from the keys alone: the lowest create_revision.
//
// What it must get right: a whole revision at a time (a lease's keys all vanish in one), keys with
// any suffix (Go's clients count them too), lists that differ from what the events said, and
// bounded memory whatever foreign clients write. It is what most of the controller's memory goes to
// with very many elections, so a key is kept once: in the view of its candidate.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
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
  bool operator==(const ExplicitPrefix&) const = default;
  uint64_t fingerprint() const;  // never 0
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

  // The whole range at one revision, page by page: StartLoad, LoadPage for each, FinishLoad. The
  // first one loads; a later one replaces everything. Each election is published as changed at that
  // revision, whether or not it differs: what came and went before is not known, and whoever knows
  // an older state from elsewhere must look again. What was known stands until FinishLoad; a
  // StartLoad before it drops the pages.
  void StartLoad();
  void LoadPage(const std::vector<etcd::KeyValue>& kvs);
  QueueChanges FinishLoad(Moment at, Revision revision);
  // All of that with one page.
  QueueChanges Load(Moment at, Revision revision, const std::vector<etcd::KeyValue>& kvs);
  // The next Load is of another history (a restored store, another cluster): revisions from before
  // mean nothing there.
  void ForgetHistory();
  // Whole revisions, in order. What is already known changes nothing.
  QueueChanges Apply(Moment at, const etcd::WatchBatch& batch);

  // Safety re-read of the keys in [from, to): StartReread, read, Differences; if there are any,
  // read again some seconds later, and if there still are, Load a new list of everything: to take
  // over a part would mix two moments into a state that etcd never had. A key that an event touched
  // since StartReread does not count: the event is newer than the read, or another one is on its
  // way.
  void StartReread();
  void EndReread();
  size_t Differences(std::string_view from, std::string_view to,
                     const std::vector<etcd::KeyValue>& kvs) const;

  // The view of an election that was not shown for a while, as changed at this revision; nobody has
  // been told of its changes since. Null = not known.
  ElectionPtr ShowAgain(Moment at, const ElectionName& election, Revision changed_at);

  bool loaded() const { return loaded_; }
  // ExplicitPrefix::fingerprint; 0 of a root.
  uint64_t source() const { return explicit_ ? explicit_->fingerprint() : 0; }
  // Of a root: an election that is not known has had no candidate since then, if not for longer.
  Revision absent_since() const { return absent_since_.revision; }
  Revision listed_at() const { return listed_at_; }  // 0 = not in this history yet
  Revision revision() const { return revision_; }    // complete up to here
  size_t key_count() const { return keys_; }
  uint64_t foreign_keys() const { return foreign_keys_; }  // under the root, but of no election

 private:
  // By key: as it is after the revision being applied; none = deleted.
  using Edits = std::map<std::string, std::optional<CandidateView>>;
  struct State {
    ElectionPtr view;
    Revision last_leader;  // create_revision of the newest leader seen; 0 = none yet
    std::optional<MonotonicTime> lost_at;
    std::optional<MonotonicTime> led_from;  // unset when a list told that it leads
  };
  enum class By { kEvents, kList, kListOfNewHistory };

  explicit RootQueues(std::string range);

  enum class Kind { kElection, kOwnState, kForeign };
  Kind Classify(std::string_view key, ElectionName* election) const;
  std::string PrefixFor(const ElectionName& election) const;
  void Edit(const etcd::Event& event, const ElectionName& election);
  void Commit(Moment at, Revision revision, QueueChanges& changes);
  // Gives the election this queue, at the revision of its last change.
  void Publish(Moment at, const ElectionName& election, std::vector<CandidateView> queue,
               Revision changed_at, By by, QueueChanges& changes);
  void Forget(Moment at, Revision revision, QueueChanges& changes);

  std::string root_;  // or empty, and then explicit_
  std::optional<ExplicitPrefix> explicit_;
  std::string begin_;
  std::string end_;

  bool loaded_ = false;
  Revision revision_;
  Seen absent_since_;
  Revision listed_at_;
  std::map<ElectionName, State> elections_;
  size_t keys_ = 0;                       // in the queues of all elections
  std::map<ElectionName, Edits> edited_;  // by the revision being applied
  std::map<ElectionName, std::vector<CandidateView>> loading_;
  uint64_t loading_foreign_ = 0;
  std::deque<ElectionName> empty_;  // oldest first; may name one that has filled again
  bool rereading_ = false;
  std::set<std::string, std::less<>> touched_;  // by events while rereading
  uint64_t foreign_keys_ = 0;
};

}  // namespace bellwether::election
