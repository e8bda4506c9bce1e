// The invariants of a simulated system. Knows etcd's true state and what every candidate was told,
// and looks at both after each step. The first violation is kept; the simulation stops there.
//
//   - who acts, by its own deadline, holds the key that leads in etcd (so there is at most one);
//     apart from who lost the key to somebody else's hand: those are counted
//   - who is told to lead had asked who is ahead while its key was there and the first one
//   - tokens handed out grow
//   - a place is removed only by who made it, and only after it was given up
//   - what is published was etcd's state at one revision, and never goes back
//   - what is called fresh is not older than the bound that it is called fresh within
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "election/view_store.h"
#include "sim/elections.h"
#include "support/sim_etcd.h"
#include "support/sim_world.h"

namespace bellwether::sim {

class Checker {
 public:
  Checker(World& world, SimEtcd& etcd, std::vector<Election> elections);

  // Told by the candidates' users. A client takes part once in each election.
  void OnCampaign(int client, size_t election);
  // resigned, or told that the place or the leadership is lost
  void OnReleased(int client, size_t election);
  void OnResign(int client, size_t election);
  void OnElected(int client, size_t election, FencingToken token);

  // A server that loses events makes every watcher's state one that never was; only what it ends in
  // is checked then.
  void TolerateLostEvents() { events_may_be_lost_ = true; }
  // After each step: somebody acts.
  void Acts(int client, size_t election, FencingToken token);
  // After each step: what is published, at a moment of the observer's own clock.
  void CheckViews(const election::ViewStore& views, MonotonicTime local_now);
  // Once quiet: the published queue is etcd's.
  bool ViewsAreCurrent(const election::ViewStore& views) const;
  // etcd was restored from a snapshot: what was handed out and published before means nothing,
  // until the system has settled in the new history.
  void OnRestored(int64_t revision);
  void OnSettledAgain();
  // A new Observer may begin with an older view.
  void ForgetViews();

  void Fail(const std::string& what);
  const std::optional<std::string>& violation() const { return violation_; }

  const std::vector<Election>& elections() const { return elections_; }
  // The create_revision of the key that leads now; 0 = none.
  int64_t leader(size_t election) const { return leaders_[election]; }
  // The client of ours whose place leads; nullopt when none does.
  std::optional<int> leading_client(size_t election) const;
  struct OwnPlace {
    int client = 0;
    int64_t lease = 0;
  };
  // The places that clients of ours have now.
  std::vector<OwnPlace> PlacesIn(size_t election) const;
  // Keys that somebody else's hand removed.
  bool Excused(int64_t create_revision) const { return excused_.contains(create_revision); }

  uint64_t elected() const { return elected_; }
  uint64_t excused_steps() const { return excused_steps_; }
  uint64_t views_checked() const { return views_checked_; }
  uint64_t fresh_steps() const { return fresh_steps_; }

 private:
  struct Part {
    bool campaigning = false;
    Time released_at{};
  };
  struct Place {
    int client = 0;  // 0 = foreign
    Time lease_granted_at{};
  };

  void OnCommit(int64_t revision, Origin origin);
  void OnAheadRead(int client, const std::string& begin);
  void OnRemoved(size_t election, const std::string& key, int64_t create_revision, Origin origin);
  std::optional<size_t> ElectionOf(const std::string& key) const;
  bool SameQueue(const election::ElectionView& view, size_t election, int64_t revision) const;
  void CheckView(size_t election, const election::ElectionPtr& view);
  bool Dates(size_t election, const election::ElectionView& view);
  void CheckComplete(size_t election, const election::ElectionView& view, int64_t complete);
  void CheckAge(size_t election);

  World& world_;
  SimEtcd& etcd_;
  const std::vector<Election> elections_;
  std::vector<int64_t> leaders_;
  std::map<int64_t, Time> committed_at_;       // each revision
  std::vector<std::vector<int64_t>> changes_;  // revisions that touched each election
  std::vector<int64_t> last_token_;
  std::map<std::pair<int, size_t>, Part> parts_;
  std::map<int64_t, std::map<std::string, Place>> places_;  // by create_revision and key
  std::set<int64_t> excused_;
  std::set<int64_t> seen_first_;  // by a read of whose place it is
  std::vector<election::ElectionPtr> seen_;
  std::vector<std::optional<Time>> outdated_since_;  // what is published of each election
  bool between_histories_ = false;
  bool events_may_be_lost_ = false;
  std::optional<std::string> violation_;
  uint64_t elected_ = 0;
  uint64_t excused_steps_ = 0;
  uint64_t views_checked_ = 0;
  uint64_t fresh_steps_ = 0;
};

}  // namespace bellwether::sim
