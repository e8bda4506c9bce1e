// What one client sends, after a first byte that says where it is cut in two. The real connection
// reads it from a pair of sockets, once in one piece and once in two: the answers are HTTP, and the
// same.
//
// Planted fault: a client whose two pieces meet inside an empty line loses the byte between them.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "fuzz/fuzzing.h"
#include "fuzz/http_world.h"
#include "http/connection.h"

namespace bellwether::http {
namespace {

using fuzz::Require;

constexpr Limits kLimits{.header_bytes = 512,
                         .target_bytes = 128,
                         .body_bytes = 64,
                         .watchers = 0};  // who would wait is refused, so that each run ends

class Client {
 public:
  Client() {
    int pair[2];
    Require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0,
            "there are sockets");
    mine_ = pair[0];
    Socket socket(asio::make_strand(io_));
    socket.assign(asio::ip::tcp::v4(), pair[1]);
    Connection::Make(Stream(std::move(socket), nullptr), state_)->Start();
  }
  ~Client() { close(mine_); }

  void Send(std::string_view bytes) {
    // The other side may have closed.
    if (!bytes.empty()) (void)send(mine_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    Run();
  }

  // All that was answered once nothing more is sent.
  std::string End() {
    shutdown(mine_, SHUT_WR);
    Run();
    // A timer that was set for later goes with the loop.
    for (const auto& session : state_.sessions.All()) session->Close();
    io_.restart();
    io_.poll();
    Require(state_.sessions.size() == 0, "a connection ends with its client");
    Require(state_.bytes_under_way == 0, "what was sent is under way no more");
    return std::move(received_);
  }

 private:
  // Until both sides have nothing to do.
  void Run() {
    bool more = true;
    while (more) {
      io_.restart();
      more = io_.poll() > 0;
      char buffer[4096];
      for (ssize_t n = 0; (n = recv(mine_, buffer, sizeof buffer, 0)) > 0; more = true) {
        received_.append(buffer, static_cast<size_t>(n));
      }
    }
  }

  election::ViewStore views_;
  ServerState state_{kLimits, nullptr, fuzz::MakeSources(views_)};
  asio::io_context io_{1};
  int mine_ = -1;
  std::string received_;
};

// Whatever the clock says.
std::string WithoutDates(std::string text) {
  for (size_t at = text.find("\r\nDate: "); at != std::string::npos;
       at = text.find("\r\nDate: ", at + 2)) {
    text.erase(at, text.find("\r\n", at + 2) - at);
  }
  return text;
}

// Takes an answer off the front.
void TakeAnswer(std::string_view& rest) {
  Require(rest.starts_with("HTTP/1.1 ") && rest.size() > 12, "an answer has a status line");
  const int status = std::atoi(std::string(rest.substr(9, 3)).c_str());
  Require(status == 100 || (status >= 200 && status <= 505 && status != 500),
          "an answer's status is one of ours");
  const size_t end = rest.find("\r\n\r\n");
  Require(end != std::string_view::npos, "an answer's head ends");
  const std::string_view head = rest.substr(0, end + 2);
  rest.remove_prefix(end + 4);
  const size_t at = head.find("\r\nContent-Length: ");
  if (status == 100 || status == 204 || status == 304) return;
  Require(at != std::string_view::npos, "an answer says how long it is");
  size_t length = 0;
  std::from_chars(head.data() + at + 18, head.data() + head.size(), length);
  // Behind the head of an answer to HEAD comes the next answer, or nothing.
  if (rest.empty() || rest.starts_with("HTTP/1.1 ")) return;
  Require(rest.size() >= length, "an answer is as long as it says");
  rest.remove_prefix(length);
}

void CheckAnswers(std::string_view sent, std::string_view received) {
  // No request ends without an empty line, and what cannot be read is answered once.
  size_t most = 1;
  for (size_t at = sent.find("\r\n\r\n"); at != std::string_view::npos;
       at = sent.find("\r\n\r\n", at + 1)) {
    most += 2;  // with 100 Continue
  }
  for (; !received.empty(); --most) {
    Require(most > 0, "there are no more answers than requests");
    TakeAnswer(received);
  }
}

void Check(std::string_view input) {
  if (input.empty()) return;
  const auto cut_at = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  const size_t cut = std::min<size_t>(cut_at, input.size());
  std::string_view first = input.substr(0, cut);
  const std::string_view second = input.substr(cut);
  if (fuzz::FaultIsPlanted() && first.ends_with("\r\n\r") && second.starts_with("\n")) {
    first.remove_suffix(1);
  }

  Client at_once;
  at_once.Send(input);
  const std::string whole = WithoutDates(at_once.End());
  Client in_two;
  in_two.Send(first);
  in_two.Send(second);
  const std::string divided = WithoutDates(in_two.End());
  CheckAnswers(input, whole);
  if (whole != divided) {
    std::fprintf(stderr, "--- at once:\n%s\n--- in two:\n%s\n", whole.c_str(), divided.c_str());
  }
  Require(whole == divided, "answers do not depend on where the bytes are cut");
}

}  // namespace
}  // namespace bellwether::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  bellwether::http::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
