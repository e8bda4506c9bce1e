#include "support/tcp_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace bellwether::test {
namespace {

constexpr int kLookMs = 20;           // how soon a fault that was asked for begins
constexpr size_t kPrefaceBytes = 24;  // "PRI * HTTP/2.0…", what a client says first (RFC 9113, 3.4)
constexpr size_t kFrameHeaderBytes = 9;
constexpr unsigned char kHeadersFrame = 1;

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

struct Frame {
  unsigned char type = 0;
  uint32_t stream = 0;
};

// Cuts a byte stream into whole HTTP/2 frames; what `passes` says no to is left out.
class Frames {
 public:
  explicit Frames(size_t preface) : preface_(preface) {}

  std::string Take(const char* bytes, size_t size,
                   const std::function<bool(const Frame&)>& passes) {
    buffer_.append(bytes, size);
    std::string out;
    if (preface_ > 0) {
      if (buffer_.size() < preface_) return out;
      out.append(buffer_, 0, std::exchange(preface_, 0));
      buffer_.erase(0, out.size());
    }
    size_t at = 0;
    while (buffer_.size() - at >= kFrameHeaderBytes) {
      const auto byte = [&](size_t i) { return static_cast<unsigned char>(buffer_[at + i]); };
      const size_t length = kFrameHeaderBytes + (byte(0) << 16 | byte(1) << 8 | byte(2));
      if (buffer_.size() - at < length) break;
      const Frame frame{byte(3), static_cast<uint32_t>((byte(5) & 0x7f) << 24 | byte(6) << 16 |
                                                       byte(7) << 8 | byte(8))};
      if (passes(frame)) out.append(buffer_, at, length);
      at += length;
    }
    buffer_.erase(0, at);
    return out;
  }

 private:
  size_t preface_;
  std::string buffer_;
};

}  // namespace

class TcpProxy::Connection {
 public:
  Connection(int client, int target_port, std::atomic<int>& dropped)
      : client_(client), dropped_(dropped) {
    server_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(target_port);
    ended_ = server_ < 0 ||
             connect(server_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0;
  }
  ~Connection() {
    close(client_);
    if (server_ >= 0) close(server_);
  }

  void StallOpenStreams() { stalled_up_to_ = newest_stream_; }

  // Moves what can be read; false at the end of either side.
  bool Move(bool client_readable, bool server_readable) {
    if (client_readable) {
      Pump(client_, server_, from_client_, [this](const Frame& frame) {
        if (frame.type == kHeadersFrame) newest_stream_ = std::max(newest_stream_, frame.stream);
        return true;
      });
    }
    if (server_readable) {
      Pump(server_, client_, from_server_, [this](const Frame& frame) {
        const bool passes = frame.stream == 0 || frame.stream > stalled_up_to_;
        if (!passes) ++dropped_;
        return passes;
      });
    }
    return !ended_;
  }

  int client() const { return client_; }
  int server() const { return server_; }
  bool ended() const { return ended_; }

 private:
  void Pump(int from, int to, Frames& frames, const std::function<bool(const Frame&)>& passes) {
    char bytes[65536];
    const ssize_t size = read(from, bytes, sizeof bytes);
    if (size <= 0) {
      ended_ = true;
      return;
    }
    const std::string out = frames.Take(bytes, static_cast<size_t>(size), passes);
    for (size_t sent = 0; sent < out.size() && !ended_;) {
      const ssize_t n = send(to, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
      if (n < 0) {
        ended_ = true;
      } else {
        sent += static_cast<size_t>(n);
      }
    }
  }

  const int client_;
  std::atomic<int>& dropped_;
  int server_ = -1;
  bool ended_ = false;
  Frames from_client_{kPrefaceBytes};
  Frames from_server_{0};
  uint32_t newest_stream_ = 0;
  uint32_t stalled_up_to_ = 0;
};

TcpProxy::TcpProxy(const std::string& target)
    : target_port_(std::stoi(target.substr(target.rfind(':') + 1))) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  if (listener_ < 0 || bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 64) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("the proxy cannot listen on loopback");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

TcpProxy::~TcpProxy() {
  stop_ = true;
  thread_.join();
  close(listener_);
}

void TcpProxy::Run() {
  while (!stop_) {
    if (stall_asked_.exchange(false)) {
      for (auto& [number, connection] : connections_) connection->StallOpenStreams();
    }
    if (cut_) connections_.clear();
    std::vector<pollfd> ready = {{listener_, POLLIN, 0}};
    if (!silent_) {
      for (const auto& [number, connection] : connections_) {
        ready.push_back({connection->client(), POLLIN, 0});
        ready.push_back({connection->server(), POLLIN, 0});
      }
    }
    if (poll(ready.data(), ready.size(), kLookMs) <= 0) continue;
    size_t at = 1;
    for (auto it = connections_.begin(); it != connections_.end() && at < ready.size(); at += 2) {
      const bool open = it->second->Move(ready[at].revents != 0, ready[at + 1].revents != 0);
      it = open ? std::next(it) : connections_.erase(it);
    }
    if (ready[0].revents == 0) continue;
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    auto connection = std::make_unique<Connection>(client, target_port_, dropped_);
    if (!connection->ended()) connections_.emplace(++accepted_, std::move(connection));
  }
}

}  // namespace bellwether::test
