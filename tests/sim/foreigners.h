// Clients that are not ours, as far as they matter to the queue: users of Go's concurrency package
// (Election, Mutex, TryLock), leases with keys in many elections, and people who delete, revoke and
// put by hand. They act on etcd at once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/checker.h"
#include "support/sim_etcd.h"

namespace bellwether::sim {

class Foreigners {
 public:
  Foreigners(World& world, SimEtcd& etcd, Checker& checker);

  // A lease with a key in one election, or two keys there, or one in each election.
  void Join();
  // The oldest one: resigns (Election), or unlocks by name (Mutex), or revokes its session.
  void Leave();
  // Stops renewing; its keys go when its lease expires.
  void Crash();
  // A try and, when somebody holds the lock, its removal.
  void TryLock();
  bool DeleteLeader(size_t election);
  void DeleteAny();
  void RevokeAny();
  // A key that was deleted by hand comes back under the same name, as somebody else's.
  void DeleteAndPutAgain();

  // All leave, and what was put by hand, without a lease, goes too. Needs an etcd leader.
  void Clear();
  bool Leads(size_t election) const;

 private:
  struct Session {
    int64_t lease = 0;
    std::vector<std::string> keys;
    bool alive = true;
  };
  void KeepAlive(const std::shared_ptr<Session>& session);
  void Delete(const std::string& key);
  std::vector<mvccpb::KeyValue> AllKeys() const;
  std::optional<mvccpb::KeyValue> AnyKey();

  World& world_;
  SimEtcd& etcd_;
  Checker& checker_;
  std::vector<std::shared_ptr<Session>> sessions_;
};

}  // namespace bellwether::sim
