// A simulated etcd cluster at the level of its messages: what etcd 3.4 to 3.7 answers to the bytes
// of a request, when it answers, and what it does by itself (expiring leases, telling watchers,
// electing a leader of its own).
//
// Simplified: one state machine stands for all members, which differ in whether they are up, cut
// off, and how late they tell their watchers. Everything that etcd leaves open (order of concurrent
// calls, whether a request whose answer failed was applied, how events are packed into responses,
// when an expired lease is found) is drawn from the world's seed.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/sim_store.h"
#include "support/sim_world.h"

namespace bellwether::sim {

// Who caused a change.
struct Origin {
  enum class Kind { kClient, kExpiry, kForeign };
  Kind kind = Kind::kForeign;
  int client = 0;  // of kClient: what the transport was made with
};

struct SimEtcdOptions {
  size_t members = 1;
  // Watch responses with more events than this are sent in pieces to watches that allow it; 0 =
  // never.
  size_t fragment_events = 0;
  // NOSPACE refuses transactions without a put too, as before 3.4.20 and 3.5.7.
  bool nospace_refuses_every_txn = false;
  // Both empty = no authentication.
  std::string username;
  std::string password;
};

class SimEtcd {
 public:
  using Answer = std::function<void(etcd::RpcStatus, std::string)>;
  struct From {
    int client = 0;
    size_t member = 0;
    std::string token;
    bool has_leader = false;
  };
  // Where a server's stream sends to. Neither is called inside Receive's caller's Open.
  class StreamOut {
   public:
    virtual ~StreamOut() = default;
    virtual void Send(std::string bytes) = 0;
    virtual void End(etcd::RpcStatus status) = 0;
  };
  // The server's end; destroyed when the client is seen to be gone.
  class ServerStream {
   public:
    virtual ~ServerStream() = default;
    virtual void Receive(const std::string& bytes) = 0;
  };

  SimEtcd(World& world, SimEtcdOptions options);
  ~SimEtcd();
  SimEtcd(const SimEtcd&) = delete;
  SimEtcd& operator=(const SimEtcd&) = delete;

  // A request that has arrived at a member. Without a leader it waits; the answer may then be an
  // error although it counted.
  void Unary(const From& from, const std::string& method, const std::string& request,
             Answer answer);
  std::unique_ptr<ServerStream> Open(const From& from, const std::string& method, StreamOut* out);

  // Clients that are not under test: at once, refused while there is no leader.
  etcd::RpcStatus ForeignTxn(const pb::TxnRequest& request, pb::TxnResponse* response);
  etcd::RpcStatus ForeignGrant(int64_t id, int64_t ttl_s);
  etcd::RpcStatus ForeignRevoke(int64_t id);
  bool ForeignKeepAlive(int64_t id);

  // Faults.
  void CrashMember(size_t member);
  void RestartMember(size_t member);
  void Isolate(size_t member);
  void Rejoin(size_t member);
  void LoseLeader();
  // All members stop and start again with an older state; as a cluster with another id, or as if it
  // were the same one.
  void Restore(int64_t revision, bool new_cluster_id);
  void RaiseNoSpace() { nospace_ = true; }
  void DisarmNoSpace() { nospace_ = quota_trap_ = false; }
  // Puts are applied and then reported as refused: the moment in which the quota is crossed.
  void SpringQuotaTrap() { quota_trap_ = true; }
  void Compact();
  void ForgetTokens() { tokens_.clear(); }
  // Watchers are not told of one event in so many: etcd issues 18089, 19179 and others. 0 = all are
  // told.
  void LoseEvents(uint64_t one_in) { lose_one_in_ = one_in; }
  // One time in so many, watchers are told of an old revision once more, as before 3.4.24, 3.5.8
  // (and 3.6.2, of old ones).
  void RepeatEvents(uint64_t one_in) { repeat_one_in_ = one_in; }

  bool up(size_t member) const { return members_[member].up; }
  bool isolated(size_t member) const { return members_[member].isolated; }
  bool has_leader() const { return leader_.has_value(); }
  bool nospace() const { return nospace_; }
  size_t member_count() const { return members_.size(); }
  size_t leader() const { return *leader_; }
  uint64_t leader_changes() const { return leader_changes_; }
  uint64_t raft_entries() const { return raft_entries_; }
  const SimStore& store() const { return store_; }
  // When etcd will at the earliest let the lease expire; nullopt when there is no such lease.
  std::optional<Time> ExpiryOf(int64_t lease) const;
  std::optional<Time> GrantedAt(int64_t lease) const;

  // Called after each revision.
  void OnCommit(std::function<void(int64_t revision, Origin)> told) {
    on_commit_ = std::move(told);
  }
  // Called when a client has read who is ahead of it under this prefix, with its answer still on
  // the way.
  void OnAheadRead(std::function<void(const From&, const std::string& begin)> told) {
    on_ahead_read_ = std::move(told);
  }
  // Connections to the member break.
  void OnMemberDown(std::function<void(size_t)> told) { on_member_down_ = std::move(told); }

 private:
  class WatchServer;
  class KeepAliveServer;
  friend class WatchServer;
  friend class KeepAliveServer;
  using Result = std::pair<etcd::RpcStatus, std::string>;

  struct Member {
    bool up = true;
    bool isolated = false;
    int64_t applied = 1;  // of one that is cut off; else the store's
    Time leaderless_since{};
  };
  struct Parked {
    size_t member;
    bool writes;
    std::function<Result()> run;
    Answer answer;
    bool answered = false;
  };
  struct LeaseClock {
    Time granted_at;
    Time expiry;
    // keepalives of an expired lease, until it is revoked or renewed
    std::vector<std::function<void()>> waiting;
  };

  bool Connected(size_t member) const;
  bool Serves(size_t member) const { return leader_ && Connected(member); }
  int64_t Applied(size_t member) const;
  void WithQuorum(size_t member, bool writes, std::function<Result()> run, Answer answer);
  void Unpark();
  void ElectLater();
  void TryElect();
  void CheckLeaderless();

  Result Apply(const From& from, const std::string& method, const std::string& request);
  void NoteRead(const From& from, const pb::RangeRequest& request) const;
  Result AppliedAndCalledRefused();
  Result ApplyTxn(const From& from, const pb::TxnRequest& request);
  Result Grant(const From& from, const pb::LeaseGrantRequest& request);
  Result Local(const From& from, const std::string& method, const std::string& request);
  template <typename Response>
  Result Ok(size_t member, Response response);
  void FillHeader(size_t member, int64_t revision, pb::ResponseHeader* header) const;
  bool TokenValid(const std::string& token) const;
  std::optional<etcd::RpcStatus> Refuses(const pb::TxnRequest& request) const;

  void Committed(int64_t before, Origin origin);
  void SyncLater(size_t member);
  void Sync(size_t member);

  // True when renewed; `later` is called when an expired one has been decided.
  enum class Renewal { kRenewed, kGone, kWait };
  Renewal Renew(int64_t lease, std::function<void()> later);
  void GrantClock(int64_t id, int64_t ttl_s);
  etcd::RpcStatus RevokeNow(int64_t id, Origin origin);
  void Tick();
  void Promote();

  World& world_;
  const SimEtcdOptions options_;
  SimStore store_;
  std::vector<Member> members_;
  std::optional<size_t> leader_;
  uint64_t cluster_id_ = 0xbe11;
  uint64_t term_ = 1;
  uint64_t leader_changes_ = 0;
  uint64_t elections_ = 0;
  uint64_t raft_entries_ = 0;
  bool nospace_ = false;
  bool quota_trap_ = false;
  uint64_t lose_one_in_ = 0;
  uint64_t repeat_one_in_ = 0;
  std::map<int64_t, LeaseClock> lease_clocks_;
  std::map<std::string, Time> tokens_;
  uint64_t last_token_ = 0;
  std::deque<Parked> parked_;
  std::map<uint64_t, WatchServer*> watch_servers_;
  std::map<uint64_t, KeepAliveServer*> keepalive_servers_;
  uint64_t last_server_ = 0;
  std::function<void(int64_t, Origin)> on_commit_;
  std::function<void(const From&, const std::string&)> on_ahead_read_;
  std::function<void(size_t)> on_member_down_;
  std::shared_ptr<const char> alive_ = std::make_shared<const char>();
};

}  // namespace bellwether::sim
