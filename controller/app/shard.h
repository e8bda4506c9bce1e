// The controller's one shard: a thread with an event loop on which the elections are observed and
// etcd is sampled. What it learns is published in stores that any thread reads.
//
// Owner:   made and destroyed on a thread that is not the shard's; the destructor cancels what is
// under way and joins. Errors:  an etcd that is away is no error: it shows in the stores, and is
// tried again for ever.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "app/config.h"
#include "app/leader_log.h"
#include "election/history.h"
#include "election/leader_ttls.h"
#include "election/observer.h"
#include "election/view_store.h"
#include "etcd/connection.h"
#include "growth/status_sampler.h"
#include "growth/status_store.h"
#include "http/sources.h"
#include "loop/event_loop.h"
#include "metrics/exporter.h"

namespace bellwether::app {

class Shard {
 public:
  // kInvalid names a TLS or password file that cannot be used.
  static Result<std::unique_ptr<Shard>> Start(const Config& config);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Any thread.
  const election::ViewStore& views() const { return views_; }
  const election::History& history() const { return history_; }
  const growth::StatusStore& status() const { return status_; }
  http::Readiness readiness() const;
  metrics::Counters counters() const;  // at most a second old
  // Of a lease on which somebody leads, where etcd told it.
  std::optional<Milliseconds> LeaseTtl(LeaseId lease) const { return leader_ttls_->Find(lease); }
  // Takes over what applies without a restart.
  void Apply(const Config& config);
  // Asks etcd who leads; calls back on the shard, once, unless the shard ends first.
  void ReadLinearizable(const election::ElectionName& election, http::LinearizableCallback done);

 private:
  explicit Shard(const Config& config);

  void OnLeaderChange(const election::LeaderChange& change);
  // Once a second: takes the counters over and logs what has changed.
  void Look();
  void LookLater();
  void PublishCounters();
  std::string PrefixOf(const election::ElectionName& election) const;

  const std::string root_;
  const MonotonicTime started_at_;

  EventLoop loop_;
  election::ViewStore views_;
  election::History history_;
  growth::StatusStore status_;

  mutable std::mutex mutex_;
  metrics::Counters counters_;  // guarded by mutex_

  // Of the shard thread, from its start on.
  etcd::Connection etcd_;
  std::unique_ptr<election::Observer> observer_;
  std::unique_ptr<election::LeaderTtls> leader_ttls_;
  std::unique_ptr<growth::StatusSampler> sampler_;
  std::optional<Timer> look_timer_;
  std::vector<election::ExplicitPrefix> prefixes_;
  LeaderLog leader_log_;
  Milliseconds read_timeout_;       // of linearizable reads
  bool changing_prefixes_ = false;  // elections that are served no more have not lost their leader
  uint64_t leader_changes_ = 0;
  std::optional<bool> was_ready_;
  std::set<std::string> warned_;

  std::thread thread_;
};

}  // namespace bellwether::app
