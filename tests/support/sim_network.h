// The simulated network between one process and the members of an etcd: a link per member that
// delays, loses, cuts and heals, behind etcd::Transport. Calls and streams overtake each other;
// within a stream order is kept, as in gRPC. A message that was held up by a cut may arrive when it
// is healed, long after its sender has given up.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "etcd/transport.h"
#include "support/sim_etcd.h"
#include "support/sim_scheduler.h"

namespace bellwether::sim {

struct LinkConditions {
  // to etcd; unless steady, each message takes from half to twice as long
  Nanoseconds up_delay{std::chrono::microseconds(300)};
  Nanoseconds down_delay{std::chrono::microseconds(300)};  // from etcd
  bool steady = false;
  uint32_t loss_per_mille = 0;    // of messages; a lost one on a stream breaks the stream
  uint32_t repeat_per_mille = 0;  // of requests that are not of a stream, as by a proxy that tries
                                  // again: each may count twice
  bool up_cut = false;
  bool down_cut = false;
};

// Owner: the process; destroyed after everything that uses it. Requests that are under way then
// still arrive.
class SimTransport final : public etcd::Transport {
 public:
  // `client` names the process in what etcd records.
  SimTransport(World& world, SimScheduler& scheduler, SimEtcd& etcd, int client);
  ~SimTransport() override;

  size_t endpoint_count() const override { return names_.size(); }
  const std::string& endpoint_name(size_t endpoint) const override { return names_[endpoint]; }
  void Unary(const std::string& method, std::string request, const etcd::RpcOptions& options,
             UnaryDone done) override;
  std::unique_ptr<etcd::Stream> Open(const std::string& method, const etcd::RpcOptions& options,
                                     etcd::StreamSink* sink) override;

  // A cut that heals lets through what it held up; a cut that lasts breaks the connection on the
  // process's side.
  void SetLink(size_t member, const LinkConditions& conditions);
  const LinkConditions& link(size_t member) const;
  // Every stream and call to the member fails: a reset connection.
  void BreakConnections(size_t member);
  // Nothing more comes out of the streams that are open, although their connection lives: a member
  // or a proxy that has forgotten them.
  void StallStreams(size_t member);

 private:
  struct Link;
  struct Call;
  class Pipe;
  class ClientStream;
  enum class Way { kUp, kDown };

  static Nanoseconds Delay(World& world, const Link& link, Way way);
  static void Carry(World& world, const std::shared_ptr<Link>& link, Way way,
                    std::function<void()> arrive);
  static void Finish(const std::shared_ptr<Call>& call, etcd::RpcStatus status, std::string bytes);

  World& world_;
  SimScheduler& scheduler_;
  SimEtcd& etcd_;
  const int client_;
  std::vector<std::string> names_;
  std::vector<std::shared_ptr<Link>> links_;
};

}  // namespace bellwether::sim
