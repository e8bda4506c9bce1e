// A client of raw bytes on loopback, for what no well-behaved HTTP client sends.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace bellwether::test {

struct RawResponse {
  int status = 0;    // 0 = the connection ended before a whole response
  std::string head;  // with the empty line
  std::string body;

  std::string Field(std::string_view name) const {
    const size_t at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return "";
    const size_t begin = at + 2 + name.size() + 2;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

class RawClient {
 public:
  // A socket that is not connected yet. A small receive buffer makes a slow reader.
  explicit RawClient(int receive_buffer = 0) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    // Far beyond what any test waits for: a hang becomes a failure.
    const timeval patience{.tv_sec = 30, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  static RawClient To(uint16_t port) {
    RawClient client;
    client.Connect(port);
    return client;
  }
  RawClient(RawClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), received_(std::move(other.received_)) {}
  RawClient& operator=(RawClient&&) = delete;
  virtual ~RawClient() { Close(); }

  bool Connect(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  // False when the server has closed the connection.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = SendSome(bytes);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  bool Get(std::string_view target, std::string_view fields = "") {
    return Send("GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" + std::string(fields) +
                "\r\n");
  }
  void HalfClose() { shutdown(fd_, SHUT_WR); }

  // The next response; `to_head` when it answers a HEAD request. Pipelined ones wait for the next
  // call.
  RawResponse Read(bool to_head = false) {
    RawResponse response;
    size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!ReceiveSome()) return response;
    }
    response.head = received_.substr(0, end + 4);
    received_.erase(0, end + 4);
    const int status = std::atoi(response.head.c_str() + sizeof("HTTP/1.1 ") - 1);
    const size_t size =
        to_head ? 0 : std::strtoul(response.Field("Content-Length").c_str(), nullptr, 10);
    while (received_.size() < size) {
      if (!ReceiveSome()) return response;
    }
    response.body = received_.substr(0, size);
    received_.erase(0, size);
    response.status = status;
    return response;
  }
  // The next block of an event stream that is no heartbeat, with the empty line; "" when the stream
  // ends before it.
  std::string ReadBlock() {
    std::string block;
    do {
      size_t end = 0;
      while ((end = received_.find("\n\n")) == std::string::npos) {
        if (!ReceiveSome()) return "";
      }
      block = received_.substr(0, end + 2);
      received_.erase(0, end + 2);
    } while (block == ":\n\n");
    return block;
  }
  // Whether a block with this text comes before the end of the stream.
  bool ReadUntil(std::string_view text) {
    for (std::string block = ReadBlock(); !block.empty(); block = ReadBlock()) {
      if (block.find(text) != std::string::npos) return true;
    }
    return false;
  }
  // True when the server closes the connection, with nothing more said.
  bool Ended() { return received_.empty() && !ReceiveSome() && received_.empty(); }
  // Whether something (or the end) can be read within so many milliseconds.
  bool Readable(int within_ms) {
    pollfd poll_fd{.fd = fd_, .events = POLLIN, .revents = 0};
    return poll(&poll_fd, 1, within_ms) == 1;
  }

 protected:
  int fd() const { return fd_; }
  virtual ssize_t SendSome(std::string_view bytes) {
    return send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  virtual ssize_t Receive(char* to, size_t size) { return recv(fd_, to, size, 0); }

 private:
  bool ReceiveSome() {
    char bytes[65536];
    const ssize_t count = Receive(bytes, sizeof bytes);
    if (count <= 0) return false;
    received_.append(bytes, static_cast<size_t>(count));
    return true;
  }

  int fd_;
  std::string received_;
};

}  // namespace bellwether::test
