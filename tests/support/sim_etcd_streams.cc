#include "support/sim_etcd_streams.h"

#include <algorithm>
#include <utility>

namespace bellwether::sim {

using etcd::RpcCode;

// --- Watch

SimEtcd::WatchServer::WatchServer(SimEtcd& etcd, From from, StreamOut* out)
    : etcd_(etcd),
      etcd_alive_(etcd.alive_),
      from_(std::move(from)),
      out_(out),
      number_(++etcd.last_server_) {
  etcd_.watch_servers_.emplace(number_, this);
}

SimEtcd::WatchServer::~WatchServer() {
  if (!etcd_alive_.expired()) etcd_.watch_servers_.erase(number_);
}

void SimEtcd::WatchServer::End(const etcd::RpcStatus& status) {
  if (std::exchange(ended_, true)) return;
  watchers_.clear();
  out_->End(status);
}

void SimEtcd::WatchServer::Send(pb::WatchResponse response, int64_t id) {
  response.set_watch_id(id);
  etcd_.FillHeader(from_.member, etcd_.Applied(from_.member), response.mutable_header());
  out_->Send(response.SerializeAsString());
}

void SimEtcd::WatchServer::Receive(const std::string& bytes) {
  if (ended_) return;
  pb::WatchRequest request;
  if (!request.ParseFromString(bytes)) {
    return End({RpcCode::kInternal, "grpc: error unmarshalling request"});
  }
  if (request.has_create_request()) return Create(request.create_request());
  if (request.has_cancel_request()) {
    const int64_t id = request.cancel_request().watch_id();
    if (watchers_.contains(id)) Cancel(id, 0, "");
    return;
  }
  if (request.has_progress_request()) {
    // Only when no watcher lags, for it speaks for all of them.
    const bool synced = std::all_of(watchers_.begin(), watchers_.end(), [this](const auto& w) {
      return w.second.next > etcd_.Applied(from_.member);
    });
    if (synced) Send({}, -1);
  }
}

void SimEtcd::WatchServer::Create(const pb::WatchCreateRequest& request) {
  const auto refuse = [this](const std::string& reason) {
    pb::WatchResponse response;
    response.set_created(true);
    response.set_canceled(true);
    response.set_cancel_reason(reason);
    Send(std::move(response), -1);
  };
  if (!etcd_.TokenValid(from_.token)) return refuse("etcdserver: invalid auth token");
  int64_t id = request.watch_id();
  if (id == 0) {
    do {
      id = last_id_++;
    } while (watchers_.contains(id));
  } else if (watchers_.contains(id)) {
    return refuse("mvcc: watch: duplicate watch ID");
  }
  Watcher watcher{.key = request.key(), .range_end = request.range_end()};
  watcher.fragment = request.fragment();
  watcher.next =
      request.start_revision() > 0 ? request.start_revision() : etcd_.Applied(from_.member) + 1;
  for (const int filter : request.filters()) {
    watcher.no_put |= filter == pb::WatchCreateRequest::NOPUT;
    watcher.no_delete |= filter == pb::WatchCreateRequest::NODELETE;
  }
  watchers_[id] = std::move(watcher);
  pb::WatchResponse created;
  created.set_created(true);
  Send(std::move(created), id);
  etcd_.SyncLater(from_.member);
}

void SimEtcd::WatchServer::Cancel(int64_t id, int64_t compacted, const std::string& reason) {
  watchers_.erase(id);
  if (compacted > 0) etcd_.world_.Count("watch cancelled by a compaction");
  pb::WatchResponse response;
  response.set_canceled(true);
  response.set_compact_revision(compacted);
  response.set_cancel_reason(reason);
  Send(std::move(response), id);
}

bool SimEtcd::WatchServer::Watcher::Wants(const mvccpb::Event& event) const {
  const std::string& k = event.kv().key();
  const bool in = range_end.empty()
                      ? k == key
                      : k >= key && (range_end == std::string(1, '\0') || k < range_end);
  return in && !(event.type() == mvccpb::Event::PUT ? no_put : no_delete);
}

void SimEtcd::WatchServer::Sync() {
  std::vector<int64_t> lagging;
  for (const auto& [id, watcher] : watchers_) {
    if (watcher.next <= etcd_.Applied(from_.member)) lagging.push_back(id);
  }
  for (const int64_t id : lagging) {
    const auto it = watchers_.find(id);
    if (it == watchers_.end()) continue;
    if (it->second.next < etcd_.store_.compacted()) {
      Cancel(id, etcd_.store_.compacted(),
             "etcdserver: mvcc: required revision has been compacted");
    } else {
      Tell(id, it->second);
    }
  }
}

// A watcher that keeps up hears of each revision by itself; one that lags may hear of several at
// once.
void SimEtcd::WatchServer::Tell(int64_t id, Watcher& watcher) {
  const bool together = etcd_.world_.random().OneIn(2);
  std::vector<mvccpb::Event> events;
  for (; watcher.next <= etcd_.Applied(from_.member); ++watcher.next) {
    for (const mvccpb::Event& event : etcd_.store_.At(watcher.next)) {
      if (!watcher.Wants(event)) continue;
      if (etcd_.lose_one_in_ > 0 && etcd_.world_.random().OneIn(etcd_.lose_one_in_)) {
        etcd_.world_.Count("event lost by the server");
      } else {
        events.push_back(event);
      }
    }
    if (!together) SendEvents(id, watcher, std::exchange(events, {}));
  }
  SendEvents(id, watcher, std::move(events));
  if (etcd_.repeat_one_in_ > 0 && etcd_.world_.random().OneIn(etcd_.repeat_one_in_)) {
    TellAgain(id, watcher);
  }
}

void SimEtcd::WatchServer::TellAgain(int64_t id, const Watcher& watcher) {
  const auto back = static_cast<int64_t>(1 + etcd_.world_.random().Below(10));
  std::vector<mvccpb::Event> events;
  for (const mvccpb::Event& event : etcd_.store_.At(std::max<int64_t>(1, watcher.next - back))) {
    if (watcher.Wants(event)) events.push_back(event);
  }
  if (!events.empty()) etcd_.world_.Count("event told again");
  SendEvents(id, watcher, std::move(events));
}

void SimEtcd::WatchServer::SendEvents(int64_t id, const Watcher& watcher,
                                      std::vector<mvccpb::Event> events) {
  if (events.empty()) return;
  const size_t most = watcher.fragment && etcd_.options_.fragment_events > 0
                          ? etcd_.options_.fragment_events
                          : events.size();
  if (events.size() > most) etcd_.world_.Count("revisions told in fragments");
  for (size_t at = 0; at < events.size(); at += most) {
    pb::WatchResponse response;
    const size_t end = std::min(at + most, events.size());
    for (size_t i = at; i < end; ++i) *response.add_events() = std::move(events[i]);
    response.set_fragment(end < events.size());
    Send(std::move(response), id);
  }
}

// --- Keepalive

SimEtcd::KeepAliveServer::KeepAliveServer(SimEtcd& etcd, From from, StreamOut* out)
    : etcd_(etcd),
      etcd_alive_(etcd.alive_),
      from_(std::move(from)),
      out_(out),
      number_(++etcd.last_server_) {
  etcd_.keepalive_servers_.emplace(number_, this);
}

SimEtcd::KeepAliveServer::~KeepAliveServer() {
  if (!etcd_alive_.expired()) etcd_.keepalive_servers_.erase(number_);
}

void SimEtcd::KeepAliveServer::End(const etcd::RpcStatus& status) {
  if (std::exchange(ended_, true)) return;
  queue_.clear();
  out_->End(status);
}

void SimEtcd::KeepAliveServer::Receive(const std::string& bytes) {
  if (ended_) return;
  pb::LeaseKeepAliveRequest request;
  if (!request.ParseFromString(bytes)) {
    return End({RpcCode::kInternal, "grpc: error unmarshalling request"});
  }
  queue_.push_back(request.id());
  Continue();
}

void SimEtcd::KeepAliveServer::Continue() {
  while (!ended_ && !waiting_ && !queue_.empty() && etcd_.Serves(from_.member)) {
    const int64_t id = queue_.front();
    pb::LeaseKeepAliveResponse response;
    // etcd takes the header before it renews.
    etcd_.FillHeader(from_.member, etcd_.Applied(from_.member), response.mutable_header());
    const auto renewal = etcd_.Renew(id, [this, alive = std::weak_ptr(alive_)] {
      if (alive.expired()) return;
      waiting_ = false;
      Continue();
    });
    if (renewal == Renewal::kWait) {
      waiting_ = true;
      return;
    }
    queue_.pop_front();
    response.set_id(id);
    response.set_ttl(renewal == Renewal::kRenewed ? etcd_.store_.leases().at(id).ttl_s : 0);
    out_->Send(response.SerializeAsString());
  }
}

}  // namespace bellwether::sim
