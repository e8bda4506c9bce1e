// A TCP proxy on loopback between a client and one member of an etcd without TLS, with the faults
// of networks that a killed process does not show: silence instead of a reset, and HTTP/2 streams
// that tell nothing more on a connection that lives.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>

namespace bellwether::test {

class TcpProxy {
 public:
  // "http://127.0.0.1:PORT", of the member.
  explicit TcpProxy(const std::string& target);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  // As a client takes it.
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }

  // Nothing passes in either direction until Heal, although connections stay open and new ones are
  // accepted. Then goes on where it stopped.
  void Silence() { silent_ = true; }
  void Heal() { silent_ = cut_ = false; }
  // Every connection is closed, and each new one at once, until Heal.
  void Cut() { cut_ = true; }
  // Answers on the streams that are open now are dropped from here on. Later streams of the same
  // connections are not touched.
  void StallOpenStreams() { stall_asked_ = true; }
  // Frames dropped so far.
  int dropped() const { return dropped_; }
  // Connections accepted so far.
  int connections() const { return accepted_; }

 private:
  class Connection;
  void Run();

  const int target_port_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> silent_ = false;
  std::atomic<bool> cut_ = false;
  std::atomic<bool> stall_asked_ = false;
  std::atomic<bool> stop_ = false;
  std::atomic<int> accepted_ = 0;
  std::atomic<int> dropped_ = 0;
  std::map<int, std::unique_ptr<Connection>> connections_;  // by number; of the thread
  std::thread thread_;
};

}  // namespace bellwether::test
