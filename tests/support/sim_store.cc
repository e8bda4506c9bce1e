#include "support/sim_store.h"

#include <algorithm>
#include <utility>

namespace bellwether::sim {
namespace {

using etcd::RpcCode;
using etcd::RpcStatus;

// [key, end) as etcd reads it: empty = the one key, "\0" = everything from key on.
bool Within(const std::string& key, const std::string& begin, const std::string& end) {
  if (end.empty()) return key == begin;
  if (end == std::string(1, '\0')) return key >= begin;
  return key >= begin && key < end;
}

template <typename Ops>
bool AnyPut(const Ops& ops) {
  return std::any_of(ops.begin(), ops.end(), [](const auto& op) { return op.has_request_put(); });
}

template <typename Ops>
bool AnyWrite(const Ops& ops) {
  return std::any_of(ops.begin(), ops.end(), [](const auto& op) {
    return op.has_request_put() || op.has_request_delete_range();
  });
}

int64_t SortField(const mvccpb::KeyValue& kv, pb::RangeRequest::SortTarget target) {
  switch (target) {
    case pb::RangeRequest::CREATE:
      return kv.create_revision();
    case pb::RangeRequest::MOD:
      return kv.mod_revision();
    case pb::RangeRequest::VERSION:
      return kv.version();
    default:
      return 0;
  }
}

}  // namespace

RpcStatus SimStore::Range(const pb::RangeRequest& request, pb::RangeResponse* response) const {
  if (request.key().empty()) return {RpcCode::kInvalidArgument, "etcdserver: key is not provided"};
  if (request.revision() > revision()) {
    return {RpcCode::kOutOfRange, "etcdserver: mvcc: required revision is a future revision"};
  }
  if (request.revision() != 0 && request.revision() < compacted_) {
    return {RpcCode::kOutOfRange, "etcdserver: mvcc: required revision has been compacted"};
  }
  std::vector<mvccpb::KeyValue> found;
  if (request.revision() == 0 || request.revision() == revision()) {
    for (auto it = now_.lower_bound(request.key());
         it != now_.end() && Within(it->first, request.key(), request.range_end()); ++it) {
      found.push_back(it->second);
    }
  } else {
    found = Snapshot(request.key(), request.range_end(), request.revision());
  }
  response->set_count(static_cast<int64_t>(found.size()));  // before the filters, as etcd does
  std::erase_if(found, [&](const mvccpb::KeyValue& kv) {
    return (request.max_create_revision() != 0 &&
            kv.create_revision() > request.max_create_revision()) ||
           (request.min_create_revision() != 0 &&
            kv.create_revision() < request.min_create_revision()) ||
           (request.max_mod_revision() != 0 && kv.mod_revision() > request.max_mod_revision()) ||
           (request.min_mod_revision() != 0 && kv.mod_revision() < request.min_mod_revision());
  });
  if (request.sort_order() != pb::RangeRequest::NONE) {
    const bool down = request.sort_order() == pb::RangeRequest::DESCEND;
    std::stable_sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
      const auto& first = down ? b : a;
      const auto& second = down ? a : b;
      if (request.sort_target() == pb::RangeRequest::KEY) return first.key() < second.key();
      return SortField(first, request.sort_target()) < SortField(second, request.sort_target());
    });
  }
  if (request.limit() > 0 && static_cast<int64_t>(found.size()) > request.limit()) {
    found.resize(static_cast<size_t>(request.limit()));
    response->set_more(true);
  }
  if (request.count_only()) return {};
  for (mvccpb::KeyValue& kv : found) {
    if (request.keys_only()) kv.clear_value();
    *response->add_kvs() = std::move(kv);
  }
  return {};
}

RpcStatus SimStore::Check(const pb::TxnRequest& request) const {
  for (const auto* ops : {&request.success(), &request.failure()}) {
    std::set<std::string> puts;
    for (const auto& op : *ops) {
      if (op.has_request_txn()) return {RpcCode::kUnimplemented, "SimStore: nested txn"};
      if (op.has_request_put() && !puts.insert(op.request_put().key()).second) {
        return {RpcCode::kInvalidArgument, "etcdserver: duplicate key given in txn request"};
      }
      if (op.has_request_put() && op.request_put().key().empty()) {
        return {RpcCode::kInvalidArgument, "etcdserver: key is not provided"};
      }
    }
    for (const auto& op : *ops) {
      if (!op.has_request_delete_range()) continue;
      for (const std::string& put : puts) {
        if (Within(put, op.request_delete_range().key(), op.request_delete_range().range_end())) {
          return {RpcCode::kInvalidArgument, "etcdserver: duplicate key given in txn request"};
        }
      }
    }
  }
  return {};
}

bool SimStore::Holds(const pb::Compare& compare) const {
  const mvccpb::KeyValue* kv = Find(compare.key());
  const auto by = [&](const auto& actual, const auto& wanted) {
    switch (compare.result()) {
      case pb::Compare::EQUAL:
        return actual == wanted;
      case pb::Compare::GREATER:
        return actual > wanted;
      case pb::Compare::LESS:
        return actual < wanted;
      default:
        return actual != wanted;
    }
  };
  switch (compare.target()) {
    case pb::Compare::CREATE:
      return by(kv ? kv->create_revision() : 0, compare.create_revision());
    case pb::Compare::MOD:
      return by(kv ? kv->mod_revision() : 0, compare.mod_revision());
    case pb::Compare::VERSION:
      return by(kv ? kv->version() : 0, compare.version());
    case pb::Compare::LEASE:
      return by(kv ? kv->lease() : 0, compare.lease());
    default:
      return kv != nullptr && by(kv->value(), compare.value());
  }
}

RpcStatus SimStore::Txn(const pb::TxnRequest& request, pb::TxnResponse* response) {
  if (RpcStatus bad = Check(request); !bad.ok()) return bad;
  const bool holds = std::all_of(request.compare().begin(), request.compare().end(),
                                 [this](const pb::Compare& c) { return Holds(c); });
  const auto& ops = holds ? request.success() : request.failure();
  // etcd checks these before it starts to apply the branch.
  for (const auto& op : ops) {
    if (op.has_request_put() && op.request_put().lease() != 0 &&
        !leases_.contains(op.request_put().lease())) {
      return {RpcCode::kNotFound, "etcdserver: requested lease not found"};
    }
    if (op.has_request_range()) {
      pb::RangeResponse scratch;
      if (RpcStatus bad = Range(op.request_range(), &scratch); !bad.ok()) return bad;
    }
  }
  response->set_succeeded(holds);
  for (const auto& op : ops) {
    pb::ResponseOp* answer = response->add_responses();
    if (op.has_request_put()) {
      Put(op.request_put());
      answer->mutable_response_put()->mutable_header()->set_revision(next());
    } else if (op.has_request_delete_range()) {
      const auto& d = op.request_delete_range();
      auto* deleted = answer->mutable_response_delete_range();
      deleted->set_deleted(Delete(d.key(), d.range_end()));
      deleted->mutable_header()->set_revision(next());
    } else {
      auto* range = answer->mutable_response_range();
      (void)Range(op.request_range(), range);
      range->mutable_header()->set_revision(pending_.empty() ? revision() : next());
    }
  }
  Commit();
  return {};
}

void SimStore::Put(const pb::PutRequest& request) {
  const mvccpb::KeyValue* before = Find(request.key());
  mvccpb::KeyValue kv;
  kv.set_key(request.key());
  kv.set_value(request.value());
  kv.set_create_revision(before ? before->create_revision() : next());
  kv.set_version(before ? before->version() + 1 : 1);
  kv.set_mod_revision(next());
  kv.set_lease(request.lease());
  if (before && before->lease() != 0) leases_.at(before->lease()).keys.erase(request.key());
  if (request.lease() != 0) leases_.at(request.lease()).keys.insert(request.key());
  mvccpb::Event event;
  event.set_type(mvccpb::Event::PUT);
  *event.mutable_kv() = kv;
  pending_.push_back(std::move(event));
  history_[request.key()][next()] = kv;
  now_[request.key()] = std::move(kv);
}

int64_t SimStore::Delete(const std::string& key, const std::string& range_end) {
  std::vector<std::string> gone;
  for (auto it = now_.lower_bound(key); it != now_.end() && Within(it->first, key, range_end);
       ++it) {
    gone.push_back(it->first);
  }
  for (const std::string& each : gone) Erase(each);
  return static_cast<int64_t>(gone.size());
}

void SimStore::Erase(const std::string& key) {
  const auto it = now_.find(key);
  if (it->second.lease() != 0) leases_.at(it->second.lease()).keys.erase(key);
  mvccpb::Event event;
  event.set_type(mvccpb::Event::DELETE);
  event.mutable_kv()->set_key(key);
  event.mutable_kv()->set_mod_revision(next());
  history_[key][next()] = event.kv();
  pending_.push_back(std::move(event));
  now_.erase(it);
}

void SimStore::Commit() {
  if (!pending_.empty()) log_.push_back(std::exchange(pending_, {}));
}

RpcStatus SimStore::Grant(int64_t id, int64_t ttl_s) {
  if (!leases_.emplace(id, Lease{ttl_s, {}}).second) {
    return {RpcCode::kFailedPrecondition, "etcdserver: lease already exists"};
  }
  ttls_[id] = ttl_s;
  return {};
}

RpcStatus SimStore::Revoke(int64_t id) {
  const auto it = leases_.find(id);
  if (it == leases_.end()) return {RpcCode::kNotFound, "etcdserver: requested lease not found"};
  const std::set<std::string> keys = it->second.keys;
  for (const std::string& key : keys) Erase(key);
  leases_.erase(id);
  Commit();
  return {};
}

RpcStatus SimStore::Compact(int64_t at) {
  if (at <= compacted_) {
    return {RpcCode::kOutOfRange, "etcdserver: mvcc: required revision has been compacted"};
  }
  if (at > revision()) {
    return {RpcCode::kOutOfRange, "etcdserver: mvcc: required revision is a future revision"};
  }
  compacted_ = at;
  return {};
}

void SimStore::Restore(int64_t at) {
  log_.resize(static_cast<size_t>(at));
  compacted_ = std::min(compacted_, at);
  now_.clear();
  leases_.clear();
  for (auto& [key, versions] : history_) {
    versions.erase(versions.upper_bound(at), versions.end());
    if (versions.empty() || versions.rbegin()->second.version() == 0) continue;
    const mvccpb::KeyValue& kv = versions.rbegin()->second;
    now_[key] = kv;
    if (kv.lease() == 0) continue;
    Lease& lease = leases_[kv.lease()];
    lease.ttl_s = ttls_.at(kv.lease());
    lease.keys.insert(key);
  }
}

std::vector<mvccpb::KeyValue> SimStore::Snapshot(const std::string& begin, const std::string& end,
                                                 int64_t at) const {
  std::vector<mvccpb::KeyValue> found;
  for (auto it = history_.lower_bound(begin); it != history_.end() && Within(it->first, begin, end);
       ++it) {
    const auto after = it->second.upper_bound(at);
    if (after == it->second.begin()) continue;
    const mvccpb::KeyValue& kv = std::prev(after)->second;
    if (kv.version() > 0) found.push_back(kv);
  }
  return found;
}

const mvccpb::KeyValue* SimStore::First(const std::string& begin, const std::string& end) const {
  const mvccpb::KeyValue* first = nullptr;
  for (auto it = now_.lower_bound(begin); it != now_.end() && it->first < end; ++it) {
    if (!first || it->second.create_revision() < first->create_revision()) first = &it->second;
  }
  return first;
}

const mvccpb::KeyValue* SimStore::Find(const std::string& key) const {
  const auto it = now_.find(key);
  return it == now_.end() ? nullptr : &it->second;
}

bool SimStore::HasPut(const pb::TxnRequest& request) {
  return AnyPut(request.success()) || AnyPut(request.failure());
}

bool SimStore::HasWrite(const pb::TxnRequest& request) {
  return AnyWrite(request.success()) || AnyWrite(request.failure());
}

}  // namespace bellwether::sim
