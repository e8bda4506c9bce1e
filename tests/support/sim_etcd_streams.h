// The server's end of a watch stream and of a keepalive stream. Part of SimEtcd.
#pragma once

#include "support/sim_etcd.h"

namespace bellwether::sim {

class SimEtcd::WatchServer final : public SimEtcd::ServerStream {
 public:
  WatchServer(SimEtcd& etcd, From from, StreamOut* out);
  ~WatchServer() override;
  void Receive(const std::string& bytes) override;
  // Tells what the member has applied and the watchers have not heard.
  void Sync();
  void End(const etcd::RpcStatus& status);
  const From& from() const { return from_; }

 private:
  struct Watcher {
    std::string key, range_end;
    int64_t next = 0;
    bool fragment = false;
    bool no_put = false, no_delete = false;
    bool Wants(const mvccpb::Event& event) const;
  };
  void Create(const pb::WatchCreateRequest& request);
  void Cancel(int64_t id, int64_t compacted, const std::string& reason);
  void Tell(int64_t id, Watcher& watcher);
  // A revision from before, as some servers do.
  void TellAgain(int64_t id, const Watcher& watcher);
  void SendEvents(int64_t id, const Watcher& watcher, std::vector<mvccpb::Event> events);
  void Send(pb::WatchResponse response, int64_t id);

  SimEtcd& etcd_;
  const std::weak_ptr<const char> etcd_alive_;  // events that hold this may outlive it
  const From from_;
  StreamOut* const out_;
  const uint64_t number_;
  std::map<int64_t, Watcher> watchers_;
  int64_t last_id_ = 0;
  bool ended_ = false;
};

// Answers one request after the other: one that waits holds up those behind it.
class SimEtcd::KeepAliveServer final : public SimEtcd::ServerStream {
 public:
  KeepAliveServer(SimEtcd& etcd, From from, StreamOut* out);
  ~KeepAliveServer() override;
  void Receive(const std::string& bytes) override;
  // The head of the queue may be answerable now.
  void Continue();
  void End(const etcd::RpcStatus& status);
  const From& from() const { return from_; }

 private:
  SimEtcd& etcd_;
  const std::weak_ptr<const char> etcd_alive_;  // events that hold this may outlive it
  const From from_;
  StreamOut* const out_;
  const uint64_t number_;
  std::deque<int64_t> queue_;
  bool waiting_ = false;
  bool ended_ = false;
  std::shared_ptr<const char> alive_ = std::make_shared<const char>();
};

}  // namespace bellwether::sim
