// etcd's state machine: keys with revisions, transactions, leases with their keys, compaction. What
// one member would hold after applying the raft log; SimEtcd puts members, time and streams around
// it.
//
// It keeps every revision for checkers even after compaction; requests see only what etcd would
// still have.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "etcd/rpc.pb.h"
#include "etcd/transport.h"

namespace bellwether::sim {

namespace pb = ::etcdserverpb;

class SimStore {
 public:
  struct Lease {
    int64_t ttl_s = 0;
    std::set<std::string> keys;
  };
  using Events = std::vector<mvccpb::Event>;

  // What etcd refuses before it changes anything. A refused request leaves no trace.
  etcd::RpcStatus Range(const pb::RangeRequest& request, pb::RangeResponse* response) const;
  etcd::RpcStatus Txn(const pb::TxnRequest& request, pb::TxnResponse* response);
  etcd::RpcStatus Grant(int64_t id, int64_t ttl_s);
  // All its keys vanish in one revision.
  etcd::RpcStatus Revoke(int64_t id);
  etcd::RpcStatus Compact(int64_t revision);
  // Everything is as it was at that revision, as after a restore from a snapshot of it. Leases
  // without keys are gone.
  void Restore(int64_t revision);

  int64_t revision() const { return static_cast<int64_t>(log_.size()); }
  int64_t compacted() const { return compacted_; }
  const std::map<int64_t, Lease>& leases() const { return leases_; }
  // The events of a revision; each revision after the first has at least one.
  const Events& At(int64_t revision) const { return log_[static_cast<size_t>(revision) - 1]; }

  // For checkers: a key, or the keys in [begin, end), at any revision, compacted or not.
  std::vector<mvccpb::KeyValue> Snapshot(const std::string& begin, const std::string& end,
                                         int64_t revision) const;
  // The key with the lowest create_revision now; null when there is none.
  const mvccpb::KeyValue* First(const std::string& begin, const std::string& end) const;
  const mvccpb::KeyValue* Find(const std::string& key) const;

  // True when any branch puts: what NOSPACE refuses.
  static bool HasPut(const pb::TxnRequest& request);
  // True when any branch writes: what goes through raft.
  static bool HasWrite(const pb::TxnRequest& request);

 private:
  etcd::RpcStatus Check(const pb::TxnRequest& request) const;
  bool Holds(const pb::Compare& compare) const;
  void Put(const pb::PutRequest& request);
  int64_t Delete(const std::string& key, const std::string& range_end);
  void Erase(const std::string& key);
  // The revision that the change under way will be.
  int64_t next() const { return revision() + 1; }
  void Commit();

  std::vector<Events> log_ = {{}};  // a new etcd starts at revision 1
  Events pending_;
  int64_t compacted_ = 0;
  std::map<std::string, mvccpb::KeyValue> now_;
  std::map<std::string, std::map<int64_t, mvccpb::KeyValue>> history_;  // version 0 = deleted
  std::map<int64_t, Lease> leases_;
  std::map<int64_t, int64_t> ttls_;  // of every lease that there ever was
};

}  // namespace bellwether::sim
