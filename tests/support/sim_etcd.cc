#include "support/sim_etcd.h"

#include <algorithm>

#include "base/check.h"
#include "support/sim_etcd_streams.h"

namespace bellwether::sim {
namespace {

using namespace std::chrono_literals;
using etcd::RpcCode;
using etcd::RpcStatus;

constexpr Nanoseconds kExpiryTick = 500ms;
constexpr Nanoseconds kElectionTimeout = 1s;
constexpr Nanoseconds kRequestTimeout = 7s;  // 5 s + 2 x election timeout
constexpr int64_t kMinTtlS = 2;
constexpr Nanoseconds kTokenLife = 300s;

const RpcStatus kNoSpaceStatus{RpcCode::kResourceExhausted,
                               "etcdserver: mvcc: database space exceeded"};

}  // namespace

SimEtcd::SimEtcd(World& world, SimEtcdOptions options)
    : world_(world), options_(std::move(options)), members_(options_.members) {
  leader_ = world_.random().Below(members_.size());
  world_.After(world_.Between(0ms, kExpiryTick), [this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) Tick();
  });
}

SimEtcd::~SimEtcd() = default;

// --- Members and their leader

bool SimEtcd::Connected(size_t member) const {
  return members_[member].up && !members_[member].isolated;
}

int64_t SimEtcd::Applied(size_t member) const {
  return Connected(member) ? store_.revision() : members_[member].applied;
}

void SimEtcd::CrashMember(size_t member) {
  Member& m = members_[member];
  if (!m.up) return;
  world_.Count("member crashed");
  if (!m.isolated) m.applied = store_.revision();
  m.up = false;
  std::erase_if(parked_, [member](const Parked& p) { return p.member == member; });
  if (on_member_down_) on_member_down_(member);
  if (leader_ == member) LoseLeader();
}

void SimEtcd::RestartMember(size_t member) {
  Member& m = members_[member];
  if (m.up) return;
  m.up = true;
  m.leaderless_since = world_.now();
  if (!leader_) ElectLater();
  if (Serves(member)) SyncLater(member);
}

void SimEtcd::Isolate(size_t member) {
  Member& m = members_[member];
  if (m.isolated) return;
  world_.Count("member cut off");
  if (m.up) m.applied = store_.revision();
  m.isolated = true;
  m.leaderless_since = world_.now();
  CheckLeaderless();
  if (leader_ == member) LoseLeader();
}

void SimEtcd::Rejoin(size_t member) {
  if (!std::exchange(members_[member].isolated, false)) return;
  if (!leader_) return ElectLater();
  Unpark();
  SyncLater(member);
}

void SimEtcd::LoseLeader() {
  if (!leader_) return;
  leader_.reset();
  for (Member& m : members_) m.leaderless_since = world_.now();
  ElectLater();
  CheckLeaderless();
}

void SimEtcd::Restore(int64_t revision, bool new_cluster_id) {
  for (size_t m = 0; m < members_.size(); ++m) CrashMember(m);
  parked_.clear();
  world_.Count("snapshot restored");
  store_.Restore(revision);
  if (new_cluster_id) ++cluster_id_;
  lease_clocks_.clear();
  for (const auto& [id, lease] : store_.leases()) GrantClock(id, lease.ttl_s);
  for (size_t m = 0; m < members_.size(); ++m) RestartMember(m);
}

void SimEtcd::Compact() {
  world_.Count("compaction");
  (void)store_.Compact(store_.revision());
  ++raft_entries_;
}

void SimEtcd::ElectLater() {
  const uint64_t election = ++elections_;
  world_.After(world_.Between(kElectionTimeout, 2 * kElectionTimeout), [this, election] {
    if (election == elections_) TryElect();
  });
}

void SimEtcd::TryElect() {
  if (leader_) return;
  std::vector<size_t> voters;
  for (size_t m = 0; m < members_.size(); ++m) {
    if (Connected(m)) voters.push_back(m);
  }
  if (voters.size() <= members_.size() / 2) return ElectLater();
  leader_ = voters[world_.random().Below(voters.size())];
  ++term_;
  ++leader_changes_;
  world_.Count("etcd's leader changed");
  ++raft_entries_;
  Promote();
  Unpark();
  for (const size_t m : voters) SyncLater(m);
}

// Streams that ask for a leader are ended once their member has had none for three election
// timeouts.
void SimEtcd::CheckLeaderless() {
  world_.After(3 * kElectionTimeout, [this] {
    const RpcStatus no_leader{RpcCode::kUnavailable, "etcdserver: no leader"};
    const auto lost = [this](const From& from) {
      return from.has_leader && !Serves(from.member) &&
             world_.now() - members_[from.member].leaderless_since >= 3 * kElectionTimeout;
    };
    const auto watches = watch_servers_;
    for (const auto& [number, server] : watches) {
      if (watch_servers_.contains(number) && lost(server->from())) server->End(no_leader);
    }
    const auto keepalives = keepalive_servers_;
    for (const auto& [number, server] : keepalives) {
      if (keepalive_servers_.contains(number) && lost(server->from())) server->End(no_leader);
    }
  });
}

void SimEtcd::WithQuorum(size_t member, bool writes, std::function<Result()> run, Answer answer) {
  if (Serves(member)) {
    auto [status, bytes] = run();
    return answer(std::move(status), std::move(bytes));
  }
  parked_.push_back({member, writes, std::move(run), std::move(answer)});
  world_.After(kRequestTimeout, [this] {
    // Those that have waited that long are the oldest.
    for (Parked& parked : parked_) {
      if (parked.answered) continue;
      parked.answered = true;
      world_.Count("request timed out without a leader");
      parked.answer({RpcCode::kUnavailable, "etcdserver: request timed out"}, {});
      break;
    }
    // One that was only read is forgotten; a proposal may still be in the log.
    std::erase_if(parked_, [this](const Parked& p) {
      return p.answered && (!p.writes || world_.random().OneIn(2));
    });
  });
}

void SimEtcd::Unpark() {
  std::deque<Parked> again;
  for (Parked& parked : std::exchange(parked_, {})) {
    if (!Serves(parked.member)) {
      again.push_back(std::move(parked));
      continue;
    }
    const uint64_t fate = world_.random().Below(10);
    RpcStatus status{RpcCode::kUnavailable,
                     parked.writes ? "etcdserver: request timed out, possibly due to previous "
                                     "leader failure"
                                   : "etcdserver: leader changed"};
    std::string bytes;
    if (fate < 8 || (parked.writes && fate == 8)) {
      auto result = parked.run();
      if (fate < 8) std::tie(status, bytes) = std::move(result);
      if (fate == 8) world_.Count("applied, but called failed");
    }
    if (!parked.answered) parked.answer(std::move(status), std::move(bytes));
  }
  for (Parked& parked : again) parked_.push_back(std::move(parked));
  const auto keepalives = keepalive_servers_;
  for (const auto& [number, server] : keepalives) {
    if (keepalive_servers_.contains(number)) server->Continue();
  }
}

// --- Requests

void SimEtcd::FillHeader(size_t member, int64_t revision, pb::ResponseHeader* header) const {
  header->set_cluster_id(cluster_id_);
  header->set_member_id(member + 1);
  header->set_revision(revision);
  header->set_raft_term(term_);
}

template <typename Response>
SimEtcd::Result SimEtcd::Ok(size_t member, Response response) {
  if (response.header().revision() == 0) {
    FillHeader(member, store_.revision(), response.mutable_header());
  }
  return {RpcStatus{}, response.SerializeAsString()};
}

bool SimEtcd::TokenValid(const std::string& token) const {
  if (options_.username.empty()) return true;
  const auto it = tokens_.find(token);
  if (it != tokens_.end() && world_.now() < it->second) return true;
  world_.Count("token refused");
  return false;
}

void SimEtcd::Unary(const From& from, const std::string& method, const std::string& request,
                    Answer answer) {
  BW_CHECK(members_[from.member].up);
  const auto local = [&] {
    auto [status, bytes] = Local(from, method, request);
    answer(std::move(status), std::move(bytes));
  };
  if (method == "/etcdserverpb.Maintenance/Status" || method == "/etcdserverpb.Auth/Authenticate") {
    return local();
  }
  if (!TokenValid(from.token)) {
    return answer({RpcCode::kUnauthenticated, "etcdserver: invalid auth token"}, {});
  }
  bool writes = true;
  if (method == "/etcdserverpb.KV/Range" || method == "/etcdserverpb.Lease/LeaseTimeToLive" ||
      method == "/etcdserverpb.Cluster/MemberList") {
    writes = false;
    pb::RangeRequest range;
    if (method == "/etcdserverpb.KV/Range" && range.ParseFromString(request) &&
        range.serializable()) {
      return local();
    }
  }
  WithQuorum(
      from.member, writes, [this, from, method, request] { return Apply(from, method, request); },
      std::move(answer));
}

SimEtcd::Result SimEtcd::Local(const From& from, const std::string& method,
                               const std::string& request) {
  if (method == "/etcdserverpb.Auth/Authenticate") {
    pb::AuthenticateRequest who;
    (void)who.ParseFromString(request);
    if (options_.username.empty()) {
      return {{RpcCode::kFailedPrecondition, "etcdserver: authentication is not enabled"}, {}};
    }
    if (who.name() != options_.username || who.password() != options_.password) {
      return {{RpcCode::kInvalidArgument,
               "etcdserver: authentication failed, invalid user ID or password"},
              {}};
    }
    pb::AuthenticateResponse response;
    response.set_token("token." + std::to_string(++last_token_));
    tokens_[response.token()] = world_.now() + kTokenLife;
    return Ok(from.member, std::move(response));
  }
  if (method == "/etcdserverpb.KV/Range") {
    pb::RangeRequest range;
    (void)range.ParseFromString(request);
    pb::RangeResponse response;
    if (range.revision() == 0) range.set_revision(Applied(from.member));
    RpcStatus status = store_.Range(range, &response);
    if (!status.ok()) return {std::move(status), {}};
    FillHeader(from.member, Applied(from.member), response.mutable_header());
    return {RpcStatus{}, response.SerializeAsString()};
  }
  pb::StatusResponse response;
  response.set_version("3.6.16");
  response.set_leader(Serves(from.member) ? *leader_ + 1 : 0);
  response.set_raftterm(term_);
  response.set_raftindex(raft_entries_);
  response.set_raftappliedindex(raft_entries_);
  if (nospace_) response.add_errors("memberID:1 alarm:NOSPACE ");
  return Ok(from.member, std::move(response));
}

SimEtcd::Result SimEtcd::Apply(const From& from, const std::string& method,
                               const std::string& request) {
  const RpcStatus bad{RpcCode::kInternal, "grpc: error unmarshalling request"};
  const Origin origin{Origin::Kind::kClient, from.client};
  if (method == "/etcdserverpb.KV/Range") {
    pb::RangeRequest range;
    pb::RangeResponse response;
    if (!range.ParseFromString(request)) return {bad, {}};
    RpcStatus status = store_.Range(range, &response);
    if (!status.ok()) return {std::move(status), {}};
    NoteRead(from, range);
    return Ok(from.member, std::move(response));
  }
  if (method == "/etcdserverpb.KV/Txn") {
    pb::TxnRequest txn;
    if (!txn.ParseFromString(request)) return {bad, {}};
    return ApplyTxn(from, txn);
  }
  if (method == "/etcdserverpb.KV/Put" || method == "/etcdserverpb.KV/DeleteRange") {
    pb::TxnRequest txn;
    const bool put = method == "/etcdserverpb.KV/Put";
    if (put ? !txn.add_success()->mutable_request_put()->ParseFromString(request)
            : !txn.add_success()->mutable_request_delete_range()->ParseFromString(request)) {
      return {bad, {}};
    }
    // NOSPACE has never refused a bare delete.
    if (put) {
      if (auto refused = Refuses(txn)) return {*refused, {}};
    }
    const int64_t before = store_.revision();
    pb::TxnResponse response;
    RpcStatus status = store_.Txn(txn, &response);
    if (!status.ok()) return {std::move(status), {}};
    ++raft_entries_;
    Committed(before, origin);
    if (put && quota_trap_) return AppliedAndCalledRefused();
    if (put) return Ok(from.member, pb::PutResponse());
    pb::DeleteRangeResponse deleted = response.responses(0).response_delete_range();
    deleted.clear_header();
    return Ok(from.member, std::move(deleted));
  }
  if (method == "/etcdserverpb.Lease/LeaseGrant") {
    pb::LeaseGrantRequest grant;
    if (!grant.ParseFromString(request)) return {bad, {}};
    return Grant(from, grant);
  }
  if (method == "/etcdserverpb.Lease/LeaseRevoke") {
    pb::LeaseRevokeRequest revoke;
    if (!revoke.ParseFromString(request)) return {bad, {}};
    RpcStatus status = RevokeNow(revoke.id(), origin);
    if (!status.ok()) return {std::move(status), {}};
    return Ok(from.member, pb::LeaseRevokeResponse());
  }
  if (method == "/etcdserverpb.Lease/LeaseTimeToLive") {
    pb::LeaseTimeToLiveRequest ask;
    if (!ask.ParseFromString(request)) return {bad, {}};
    pb::LeaseTimeToLiveResponse response;
    response.set_id(ask.id());
    const auto it = store_.leases().find(ask.id());
    if (it == store_.leases().end()) {
      response.set_ttl(-1);
    } else {
      const auto left = *ExpiryOf(ask.id()) - world_.now();
      response.set_ttl(
          std::max<int64_t>(0, std::chrono::floor<std::chrono::seconds>(left).count()));
      response.set_grantedttl(it->second.ttl_s);
      if (ask.keys()) {
        for (const std::string& key : it->second.keys) response.add_keys(key);
      }
    }
    return Ok(from.member, std::move(response));
  }
  if (method == "/etcdserverpb.Cluster/MemberList") {
    pb::MemberListResponse response;
    for (size_t m = 0; m < members_.size(); ++m) response.add_members()->set_id(m + 1);
    return Ok(from.member, std::move(response));
  }
  return {{RpcCode::kUnimplemented, "unknown method " + method}, {}};
}

void SimEtcd::NoteRead(const From& from, const pb::RangeRequest& request) const {
  if (request.max_create_revision() > 0 && on_ahead_read_) on_ahead_read_(from, request.key());
}

std::optional<RpcStatus> SimEtcd::Refuses(const pb::TxnRequest& request) const {
  if (!nospace_) return std::nullopt;
  if (!SimStore::HasPut(request) && !options_.nospace_refuses_every_txn) return std::nullopt;
  world_.Count("refused for want of space");
  return kNoSpaceStatus;
}

SimEtcd::Result SimEtcd::AppliedAndCalledRefused() {
  world_.Count("applied, but called refused for want of space");
  return {kNoSpaceStatus, {}};
}

SimEtcd::Result SimEtcd::ApplyTxn(const From& from, const pb::TxnRequest& request) {
  if (auto refused = Refuses(request)) return {*refused, {}};
  const int64_t before = store_.revision();
  pb::TxnResponse response;
  RpcStatus status = store_.Txn(request, &response);
  // A transaction with a write in either branch is a raft entry, whatever its compares say.
  if (SimStore::HasWrite(request)) ++raft_entries_;
  if (!status.ok()) return {std::move(status), {}};
  for (const auto& op : response.succeeded() ? request.success() : request.failure()) {
    if (op.has_request_range()) NoteRead(from, op.request_range());
  }
  Committed(before, {Origin::Kind::kClient, from.client});
  if (quota_trap_ && SimStore::HasPut(request)) return AppliedAndCalledRefused();
  return Ok(from.member, std::move(response));
}

SimEtcd::Result SimEtcd::Grant(const From& from, const pb::LeaseGrantRequest& request) {
  if (nospace_) return {kNoSpaceStatus, {}};
  const int64_t ttl_s = std::max(request.ttl(), kMinTtlS);
  int64_t id = request.id();
  while (id == 0) id = static_cast<int64_t>(world_.random().Next() >> 1);
  ++raft_entries_;
  RpcStatus status = store_.Grant(id, ttl_s);
  if (!status.ok()) return {std::move(status), {}};
  GrantClock(id, ttl_s);
  if (quota_trap_) return AppliedAndCalledRefused();
  pb::LeaseGrantResponse response;
  response.set_id(id);
  response.set_ttl(ttl_s);
  return Ok(from.member, std::move(response));
}

std::unique_ptr<SimEtcd::ServerStream> SimEtcd::Open(const From& from, const std::string& method,
                                                     StreamOut* out) {
  if (method == "/etcdserverpb.Watch/Watch") {
    auto server = std::make_unique<WatchServer>(*this, from, out);
    if (from.has_leader && !Serves(from.member)) {
      server->End({RpcCode::kUnavailable, "etcdserver: no leader"});
    }
    return server;
  }
  BW_CHECK(method == "/etcdserverpb.Lease/LeaseKeepAlive");
  auto server = std::make_unique<KeepAliveServer>(*this, from, out);
  if (from.has_leader && !Serves(from.member)) {
    server->End({RpcCode::kUnavailable, "etcdserver: no leader"});
  }
  return server;
}

// --- Clients that are not under test

RpcStatus SimEtcd::ForeignTxn(const pb::TxnRequest& request, pb::TxnResponse* response) {
  if (!leader_) return {RpcCode::kUnavailable, "etcdserver: no leader"};
  if (auto refused = Refuses(request)) return *refused;
  const int64_t before = store_.revision();
  RpcStatus status = store_.Txn(request, response);
  if (SimStore::HasWrite(request)) ++raft_entries_;
  Committed(before, {Origin::Kind::kForeign, 0});
  return status;
}

RpcStatus SimEtcd::ForeignGrant(int64_t id, int64_t ttl_s) {
  if (!leader_) return {RpcCode::kUnavailable, "etcdserver: no leader"};
  if (nospace_) return kNoSpaceStatus;
  RpcStatus status = store_.Grant(id, ttl_s);
  ++raft_entries_;
  if (status.ok()) GrantClock(id, ttl_s);
  return status;
}

RpcStatus SimEtcd::ForeignRevoke(int64_t id) {
  if (!leader_) return {RpcCode::kUnavailable, "etcdserver: no leader"};
  return RevokeNow(id, {Origin::Kind::kForeign, 0});
}

bool SimEtcd::ForeignKeepAlive(int64_t id) {
  const auto it = lease_clocks_.find(id);
  if (!leader_ || it == lease_clocks_.end() || it->second.expiry <= world_.now()) return false;
  return Renew(id, [] {}) == Renewal::kRenewed;
}

// --- Leases

std::optional<Time> SimEtcd::ExpiryOf(int64_t lease) const {
  const auto it = lease_clocks_.find(lease);
  if (it == lease_clocks_.end()) return std::nullopt;
  return it->second.expiry;
}

std::optional<Time> SimEtcd::GrantedAt(int64_t lease) const {
  const auto it = lease_clocks_.find(lease);
  if (it == lease_clocks_.end()) return std::nullopt;
  return it->second.granted_at;
}

void SimEtcd::GrantClock(int64_t id, int64_t ttl_s) {
  lease_clocks_[id] = {world_.now(), world_.now() + std::chrono::seconds(ttl_s), {}};
}

SimEtcd::Renewal SimEtcd::Renew(int64_t lease, std::function<void()> later) {
  const auto it = lease_clocks_.find(lease);
  if (it == lease_clocks_.end()) return Renewal::kGone;
  if (it->second.expiry <= world_.now()) {
    it->second.waiting.push_back(std::move(later));
    return Renewal::kWait;
  }
  it->second.expiry = world_.now() + std::chrono::seconds(store_.leases().at(lease).ttl_s);
  return Renewal::kRenewed;
}

RpcStatus SimEtcd::RevokeNow(int64_t id, Origin origin) {
  const int64_t before = store_.revision();
  RpcStatus status = store_.Revoke(id);
  ++raft_entries_;
  if (!status.ok()) return status;
  auto clock = lease_clocks_.extract(id);
  Committed(before, origin);
  for (const auto& later : clock.mapped().waiting) later();
  return status;
}

// The etcd leader looks for expired leases twice a second.
void SimEtcd::Tick() {
  if (leader_) {
    std::vector<int64_t> expired;
    for (const auto& [id, clock] : lease_clocks_) {
      if (clock.expiry <= world_.now()) expired.push_back(id);
    }
    for (const int64_t id : expired) {
      world_.Count("lease expired");
      (void)RevokeNow(id, {Origin::Kind::kExpiry, 0});
    }
  }
  world_.After(kExpiryTick, [this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) Tick();
  });
}

// A new leader does not know when the old one was last asked: every lease starts anew, and a bit
// more.
void SimEtcd::Promote() {
  std::vector<std::function<void()>> waiting;
  for (auto& [id, clock] : lease_clocks_) {
    clock.expiry =
        world_.now() + std::chrono::seconds(store_.leases().at(id).ttl_s) + kElectionTimeout;
    for (auto& later : std::exchange(clock.waiting, {})) waiting.push_back(std::move(later));
  }
  for (const auto& later : waiting) later();
}

// --- Telling watchers

void SimEtcd::Committed(int64_t before, Origin origin) {
  if (store_.revision() == before) return;
  for (const mvccpb::Event& event : store_.At(store_.revision())) {
    world_.Say("  revision " + std::to_string(store_.revision()) +
               (event.type() == mvccpb::Event::PUT ? " put " : " delete ") + event.kv().key());
  }
  for (size_t m = 0; m < members_.size(); ++m) {
    if (Connected(m)) SyncLater(m);
  }
  if (on_commit_) on_commit_(store_.revision(), origin);
}

void SimEtcd::SyncLater(size_t member) {
  const Nanoseconds lag =
      world_.random().OneIn(30) ? world_.Between(0ms, 300ms) : world_.Between(0us, 500us);
  world_.After(lag, [this, member] { Sync(member); });
}

void SimEtcd::Sync(size_t member) {
  const auto servers = watch_servers_;
  for (const auto& [number, server] : servers) {
    if (watch_servers_.contains(number) && server->from().member == member) server->Sync();
  }
}

}  // namespace bellwether::sim
