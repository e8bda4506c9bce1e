// Keeps the queues of one root (or one explicit prefix) in memory and publishes their views: lists
// once (paged, one revision), watches from the next revision, applies whole revisions, lists again
// when in doubt, re-reads slowly for servers that lose events, and probes once a second. Writes
// nothing to etcd, ever.
//
// Thread:  shard thread only; views are read from the ViewStore by any thread.
// Errors:  trouble is retried for ever and shows in Freshness and in the log.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "election/history.h"
#include "election/name.h"
#include "election/root_queues.h"
#include "election/view.h"
#include "election/view_store.h"
#include "etcd/client.h"
#include "loop/scheduler.h"

namespace bellwether::election {

struct ObserverOptions {
  std::string root;                      // empty = no root
  std::vector<ExplicitPrefix> prefixes;  // each watched on its own; must not nest (PrefixesNest)
  // each key under the root is read again at least this often; 0 = never
  Milliseconds reread_within{600000};
  uint64_t seed = 0;
};

class Observer {
 public:
  struct Counters {
    uint64_t events = 0;            // watch events applied
    uint64_t relists = 0;           // full lists after the first one
    uint64_t missed = 0;            // differences that a re-read found: events the server lost
    uint64_t foreign_keys = 0;      // keys under the root that belong to no election (bad names)
    uint64_t refused_prefixes = 0;  // now, by the newest SetPrefixes
  };

  // All but options outlive the observer.
  Observer(Scheduler& scheduler, etcd::Client& client, ObserverOptions options, ViewStore& store);
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  void Start();
  // Serves these from now on instead of ObserverOptions::prefixes. What is served already goes on
  // untouched; one that is new shows once its watch has proved that it lives, and until then makes
  // nothing else stale. One with the name of an election of the root that has a leader is refused,
  // with a line in the log and a counter, and tried again by the next call. The namesake of one
  // that is dropped shows again.
  void SetPrefixes(const std::vector<ExplicitPrefix>& prefixes);
  // Called on the shard for each change of leader, after it was published, and for the leader of an
  // election that is served no more.
  void OnLeaderChange(std::function<void(const LeaderChange&)> told);
  // Each change of leader goes there too, before it is published: whoever finds it in a view finds
  // it there. To be called before Start; it outlives the observer.
  void Keep(History& history);
  const Counters& counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bellwether::election
