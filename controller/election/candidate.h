// One candidate in one election: joins the queue, waits without writing, leads until a deadline,
// leaves. The driver that joins the pure Contender to an etcd client.
//
// Owner:   whoever made it. Destroying it leaves the place to its lease (it expires after the TTL);
//          Resign first to give it up at once.
// Thread:  shard thread only; the handler is called there, never inside a call to the candidate.
// Time:    CLOCK_BOOTTIME. A leadership is valid until sent_at + TTL - margin of the newest
//          answered keepalive.
// Errors:  trouble that is retried is told by OnCandidateTrouble; the candidate never gives up by
//          itself.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "election/leadership.h"
#include "etcd/client.h"
#include "loop/scheduler.h"

namespace bellwether::election {

class CandidateHandler {
 public:
  virtual ~CandidateHandler() = default;
  // In the queue, not (yet) leading.
  virtual void OnQueued(const Place& place) = 0;
  virtual void OnElected(const Leadership& leadership) = 0;
  // A keepalive was answered while leading.
  virtual void OnExtended(MonotonicTime valid_until) = 0;
  // The leadership is over: deadline passed, key deleted, lease gone. Stop the work at once, then
  // call Campaign to queue again; the old place, if it still exists, is removed only then.
  virtual void OnLost(const std::string& why) = 0;
  // A waiting place was lost (key deleted, lease gone); the candidate joins again by itself under a
  // new lease.
  virtual void OnPlaceLost(const std::string& why) = 0;
  // What does not work at the moment and is being retried; the same trouble is told once until it
  // changes or ends.
  virtual void OnCandidateTrouble(const Error& error) = 0;
};

struct CandidateOptions {
  std::string prefix;  // of the election, without the trailing '/'
  std::string value;   // stored as it is (see EncodeValue)
  Milliseconds ttl{15000};
  uint64_t seed = 0;  // of retry jitter; 0 = from the kernel
};

class Candidate {
 public:
  // All outlive the candidate.
  Candidate(Scheduler& scheduler, etcd::Client& client, CandidateOptions options,
            CandidateHandler* handler);
  ~Candidate();
  Candidate(const Candidate&) = delete;
  Candidate& operator=(const Candidate&) = delete;

  // Joins the queue; goes on trying until Resign. Also says "my work has ended" after OnLost. No
  // effect while queued or leading.
  void Campaign();
  // Changes the stored value, guarded by CREATE(key) = my revision. kConflict when not in the
  // queue.
  void Proclaim(std::string value, etcd::Callback<Unit> done);
  // Gives the place up (the work must have ended) and revokes the lease; `done` when etcd has
  // confirmed it or the deadline passed. In no queue: done at once.
  void Resign(Milliseconds timeout, etcd::Callback<Unit> done);

  // The leadership at this moment, if any; nullopt from valid_until on, without waiting for any
  // event.
  std::optional<Leadership> Current(MonotonicTime now) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bellwether::election
