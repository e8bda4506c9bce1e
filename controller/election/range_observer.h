// Feeds one RootQueues from etcd: list, watch from the next revision, list again when in doubt,
// re-read slowly. Part of Observer.
//
// Thread: shard thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "election/root_queues.h"
#include "etcd/client.h"
#include "etcd/page_size.h"
#include "loop/scheduler.h"

namespace bellwether::election {

class RangeObserver final : public etcd::WatchHandler {
 public:
  struct Told {
    std::function<void(QueueChanges)> changed;
    // loaded(), watching(), alive_at() or the revision may have changed.
    std::function<void()> state;
    // Of each page, and the revision that was known when it was asked for; false = it means
    // nothing, and the list was started again.
    std::function<bool(const etcd::Header&, Revision floor)> header;
  };
  // All but the values outlive it. `seed` is of jitter.
  RangeObserver(Scheduler& scheduler, etcd::Client& client, RootQueues queues,
                Milliseconds reread_within, uint64_t seed, Told told);

  // Lists (again), whatever is known.
  void List();
  // Lists again in another history: nothing that was known holds.
  void ListNewHistory();

  bool loaded() const { return queues_.loaded(); }
  bool watching() const { return watching_; }
  // The watch is known to have been alive then; the distant past when it is not watching.
  MonotonicTime alive_at() const { return alive_at_; }
  uint64_t events() const { return events_; }
  uint64_t relists() const { return relists_; }
  uint64_t missed() const { return missed_; }
  const RootQueues& queues() const { return queues_; }
  ElectionPtr ShowAgain(const ElectionName& election, Revision changed_at) {
    return queues_.ShowAgain(Now(), election, changed_at);
  }

 private:
  void OnWatchEvents(const etcd::WatchBatch& batch) override;
  void OnWatchProgress(const etcd::Header& header) override;
  void OnWatchAlive(MonotonicTime asked_at) override;
  void OnWatchInterrupted(const Error& why) override;
  void OnWatchLost(const Error& why) override;

  void ReadPage(const std::string& from);
  void OnPage(const std::string& from, Result<etcd::RangeResponse> result);
  void OnListed();
  void ListLater(const Error& why);
  void SetWatching(bool watching);

  void ScheduleReread();
  void Reread(bool again);
  void OnReread(bool again, const Result<etcd::RangeResponse>& result);
  RootQueues::Moment Now() const;

  Scheduler& scheduler_;
  etcd::Client& client_;
  const Milliseconds reread_within_;
  const Told told_;

  RootQueues queues_;
  Backoff backoff_;
  Timer list_timer_;
  Timer reread_timer_;
  bool trouble_logged_ = false;
  Revision list_revision_;
  Revision floor_;  // linearizable answers are never older
  etcd::PageSize page_;
  std::string cursor_;  // where the next re-read begins
  bool watching_ = false;
  MonotonicTime alive_at_;
  uint64_t events_ = 0;
  uint64_t relists_ = 0;
  uint64_t missed_ = 0;  // differences that re-reads have found
  std::unique_ptr<etcd::Watch> watch_;
  Scope scope_;
};

}  // namespace bellwether::election
