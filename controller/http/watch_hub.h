// Who waits for which election, and what each has been told: decides whom a change concerns. Knows
// no socket; the time is an argument.
//
// What it must get right: no change is lost between what a watcher knows and what is published,
// whatever comes in between, also when it learnt it from another replica; and no watcher is told
// what it knows already. A state is always read from the store after its name came from the feed,
// so it is never older than one that was told before.
//
// Owner:  of the watchers, until Remove.
// Thread: one at a time.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/time.h"
#include "election/change_feed.h"
#include "election/view_store.h"
#include "http/outbox.h"
#include "http/watcher.h"

namespace bellwether::http {

class WatchHub {
 public:
  // How often Tick is to be called while there are watchers.
  static constexpr Milliseconds kTick{200};
  // Each stream is given a sign of life this often, whatever else it is told.
  static constexpr Milliseconds kBeatEvery{15000};
  // For how long a replica that is behind what a watcher knows tries to catch up before it says so.
  static constexpr Milliseconds kCatchUp{1000};
  // A stream has time; what it would be told instead is much.
  static constexpr Milliseconds kStreamCatchUp{5000};
  // Removed elections that are remembered for streams that resume.
  static constexpr size_t kMaxRemoved = 10000;
  // What a stream of many is told at once; tests take little.
  struct Portions {
    size_t page = 64;         // elections
    size_t looked_at = 1024;  // those that are looked at for a page
    // Of one that resumes, less than Outbox::kMaxWaiting; where there are more it begins anew.
    size_t removed = 512;
  };

  // Both outlive it.
  WatchHub(const election::ViewStore& views, election::ChangeFeed& feed)
      : WatchHub(views, feed, Portions()) {}
  WatchHub(const election::ViewStore& views, election::ChangeFeed& feed, Portions portions);

  void Add(MonotonicTime now, std::shared_ptr<Watcher> watcher, Subject subject);
  // Of a stream of many, from its outbox.
  void Ask(MonotonicTime now, const Watcher* watcher, const Outbox::Want& want);
  void Remove(const Watcher* watcher);
  // The feed has something.
  void Round(MonotonicTime now);
  void Tick(MonotonicTime now);
  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    std::shared_ptr<Watcher> watcher;
    Subject subject;
    std::list<Entry*>* here = nullptr;  // the list that is told of its subject; null = waits
    std::list<Entry*>::iterator place;
    size_t slot = 0;  // of beats_, for streams
    std::list<Entry*>::iterator beat_place;
  };
  using Entries = std::list<Entry*>;
  struct Removed {
    std::string election;
    Revision revision;
  };

  static bool Concerns(const std::string& ns, const std::string& election);
  election::ElectionPtr Find(const std::string& election) const;
  void Settle(Entry& entry, MonotonicTime now, bool waited);
  void WaitToCatchUp(Entry& entry, MonotonicTime now);
  void SettleOne(Entry& entry, MonotonicTime now, bool waited);
  void SettleMany(Entry& entry, MonotonicTime now, bool waited);
  // Whether it is told of every election that has gone since what it knows; the events of those.
  bool MayResume(const Subject& subject, const election::Freshness& freshness, MonotonicTime now,
                 std::vector<EventPtr>* gone) const;
  WalkPage NextPage(const std::string& ns, const Walk& from) const;
  uint64_t SourcesIfStill(uint64_t sources) const;
  News Empty() const;
  void SayBehind(Entry& entry, News& news, election::Freshness freshness, MonotonicTime now);
  void TellWhoHasCaughtUp(const election::Freshness& freshness, MonotonicTime now);
  void Join(Entry& entry, std::unordered_map<std::string, Entries>& lists, const std::string& key);
  void Leave(Entry& entry);
  void TellOfElection(const std::string& election, const election::Freshness& freshness,
                      MonotonicTime now,
                      std::unordered_map<std::string, std::vector<EventPtr>>& of_namespaces);
  void NoteRemoved(const std::string& election, Revision at);
  void OnNewHistory(const election::Freshness& freshness);
  void TellFreshness(const election::Freshness& freshness, MonotonicTime now);

  const election::ViewStore& views_;
  election::ChangeFeed& feed_;
  const Portions portions_;

  std::unordered_map<const Watcher*, Entry> entries_;
  std::unordered_map<std::string, Entries> of_election_;   // by "ns/name"
  std::unordered_map<std::string, Entries> of_namespace_;  // "" = of all
  std::unordered_map<Entry*, MonotonicTime> behind_;       // until when they wait
  std::unordered_map<Entry*, Revision> told_behind_;       // until this replica knows that much
  std::array<Entries, kBeatEvery / kTick> beats_;
  size_t next_slot_ = 0;
  size_t beat_ = 0;

  Revision complete_;     // every change up to here has been told
  uint64_t sources_ = 0;  // and of these
  uint64_t cluster_ = 0;
  uint64_t history_ = 0;
  std::pair<bool, bool> told_freshness_;  // stale, tokens invalid
  std::deque<Removed> removed_;           // oldest first
  Revision removed_before_;               // removals up to here may have been forgotten
};

}  // namespace bellwether::http
