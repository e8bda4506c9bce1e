#include "sim/foreigners.h"

#include <algorithm>
#include <utility>

#include "base/ids.h"

namespace bellwether::sim {
namespace {

using namespace std::chrono_literals;

constexpr int64_t kTtlS = 5;

pb::TxnRequest JoinTxn(const std::string& key, int64_t lease) {
  pb::TxnRequest txn;
  auto* compare = txn.add_compare();
  compare->set_key(key);
  compare->set_target(pb::Compare::CREATE);
  compare->set_create_revision(0);
  auto* put = txn.add_success()->mutable_request_put();
  put->set_key(key);
  put->set_lease(lease);
  txn.add_failure()->mutable_request_range()->set_key(key);
  return txn;
}

}  // namespace

Foreigners::Foreigners(World& world, SimEtcd& etcd, Checker& checker)
    : world_(world), etcd_(etcd), checker_(checker) {}

void Foreigners::Join() {
  const auto session = std::make_shared<Session>();
  session->lease = static_cast<int64_t>(world_.random().Next() >> 2) | 1;
  if (!etcd_.ForeignGrant(session->lease, kTtlS).ok()) return;
  const auto& elections = checker_.elections();
  const std::string hex = LeaseId{session->lease}.Hex();
  const size_t election = world_.random().Below(elections.size());
  switch (world_.random().Below(3)) {
    case 0:
      session->keys = {elections[election].begin() + hex};
      break;
    case 1:
      session->keys = {elections[election].begin() + hex + "-1",
                       elections[election].begin() + hex + "-2"};
      break;
    default:
      for (const Election& each : elections) session->keys.push_back(each.begin() + hex);
  }
  for (const std::string& key : session->keys) {
    pb::TxnResponse response;
    (void)etcd_.ForeignTxn(JoinTxn(key, session->lease), &response);
  }
  sessions_.push_back(session);
  KeepAlive(session);
}

void Foreigners::KeepAlive(const std::shared_ptr<Session>& session) {
  world_.After(std::chrono::seconds(kTtlS) / 3, [this, session] {
    if (!session->alive) return;
    // Without an etcd leader there is no answer; the next one may come in time.
    if (etcd_.has_leader() && !etcd_.ForeignKeepAlive(session->lease)) {
      session->alive = false;
      std::erase(sessions_, session);
      return;
    }
    KeepAlive(session);
  });
}

void Foreigners::Delete(const std::string& key) {
  pb::TxnRequest txn;
  txn.add_success()->mutable_request_delete_range()->set_key(key);
  pb::TxnResponse response;
  (void)etcd_.ForeignTxn(txn, &response);
}

void Foreigners::Leave() {
  if (sessions_.empty() || !etcd_.has_leader()) return;
  const auto session = sessions_.front();
  if (world_.random().OneIn(2)) {
    for (const std::string& key : session->keys) Delete(key);
  }
  session->alive = false;
  (void)etcd_.ForeignRevoke(session->lease);
  sessions_.erase(sessions_.begin());
}

void Foreigners::Crash() {
  if (sessions_.empty()) return;
  sessions_.front()->alive = false;
  sessions_.erase(sessions_.begin());
}

void Foreigners::TryLock() {
  const int64_t lease = static_cast<int64_t>(world_.random().Next() >> 2) | 1;
  if (!etcd_.ForeignGrant(lease, kTtlS).ok()) return;
  const auto& elections = checker_.elections();
  const std::string key =
      elections[world_.random().Below(elections.size())].begin() + LeaseId{lease}.Hex();
  pb::TxnResponse response;
  (void)etcd_.ForeignTxn(JoinTxn(key, lease), &response);
  Delete(key);
  (void)etcd_.ForeignRevoke(lease);
}

bool Foreigners::DeleteLeader(size_t election) {
  const Election& which = checker_.elections()[election];
  const auto* first = etcd_.store().First(which.begin(), which.end());
  if (!first || !etcd_.has_leader()) return false;
  Delete(std::string(first->key()));
  return true;
}

std::vector<mvccpb::KeyValue> Foreigners::AllKeys() const {
  std::vector<mvccpb::KeyValue> all;
  for (const Election& each : checker_.elections()) {
    const auto keys = etcd_.store().Snapshot(each.begin(), each.end(), etcd_.store().revision());
    all.insert(all.end(), keys.begin(), keys.end());
  }
  return all;
}

std::optional<mvccpb::KeyValue> Foreigners::AnyKey() {
  const auto all = AllKeys();
  if (all.empty()) return std::nullopt;
  return all[world_.random().Below(all.size())];
}

void Foreigners::DeleteAny() {
  if (const auto kv = AnyKey()) Delete(kv->key());
}

void Foreigners::RevokeAny() {
  const auto kv = AnyKey();
  if (kv && kv->lease() != 0) (void)etcd_.ForeignRevoke(kv->lease());
}

void Foreigners::DeleteAndPutAgain() {
  const auto kv = AnyKey();
  if (!kv || etcd_.nospace() || !etcd_.has_leader()) return;
  Delete(kv->key());
  pb::TxnResponse response;
  (void)etcd_.ForeignTxn(JoinTxn(kv->key(), 0), &response);
}

void Foreigners::Clear() {
  while (!sessions_.empty()) {
    if (!etcd_.has_leader()) {
      Crash();
    } else {
      Leave();
    }
  }
  for (const mvccpb::KeyValue& kv : AllKeys()) {
    if (kv.lease() == 0) Delete(kv.key());
  }
}

bool Foreigners::Leads(size_t election) const {
  return checker_.leader(election) != 0 && !checker_.leading_client(election);
}

}  // namespace bellwether::sim
