#include "http/listener.h"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <string>
#include <utility>

#include "base/log.h"
#include "http/connection.h"
#include "http/problem.h"

namespace bellwether::http {
namespace {

using asio::ip::tcp;

constexpr int kBacklog = 1024;
constexpr std::chrono::milliseconds kPause{100};
// Connections beyond the limit that are told so, or are probes, each for two seconds at most; those
// beyond these are closed without a word.
constexpr size_t kRefusedAtOnce = 64;

Error CannotListen(const ListenAddress& address, const ErrorCode& ec) {
  std::string next = "check that the address belongs to this machine";
  if (ec == asio::error::address_in_use) {
    next = "another process listens there: stop it, or choose another port";
  }
  if (ec == asio::error::access_denied) next = "ports below 1024 need a privilege: choose another";
  return {.code = Code::kUnavailable,
          .message = "cannot listen on " + address.str() + ": " + ec.message() + "; " + next};
}

}  // namespace

Listener::Listener(asio::io_context& io, ServerState& state)
    : io_(io), state_(state), strand_(asio::make_strand(io)), acceptor_(strand_), pause_(strand_) {}

Result<ListenAddress> Listener::Open(const ListenAddress& address) {
  ErrorCode ec;
  tcp::resolver resolver(io_);
  const auto found = resolver.resolve(address.host, std::to_string(address.port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, ec);
  if (ec || found.empty()) return CannotListen(address, ec);
  const tcp::endpoint endpoint = *found.begin();
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
  // "[::]" means all addresses, as people expect.
  if (!ec && endpoint.address() == asio::ip::address_v6::any()) {
    acceptor_.set_option(asio::ip::v6_only(false), ec);
  }
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(kBacklog, ec);
  if (ec) return CannotListen(address, ec);
  return ListenAddress{.host = address.host, .port = acceptor_.local_endpoint().port()};
}

void Listener::Start() {
  asio::post(strand_, [self = shared_from_this()] { self->Accept(); });
}

void Listener::Close() {
  asio::post(strand_, [self = shared_from_this()] {
    ErrorCode ignored;
    self->acceptor_.close(ignored);
    self->pause_.cancel();
  });
}

void Listener::Accept() {
  if (!acceptor_.is_open()) return;
  acceptor_.async_accept(asio::make_strand(io_),
                         [self = shared_from_this()](ErrorCode ec, Socket socket) {
                           self->OnAccept(ec, std::move(socket));
                         });
}

void Listener::OnAccept(ErrorCode ec, Socket socket) {
  if (!acceptor_.is_open()) return;
  if (ec) return AcceptLater(ec);
  trouble_logged_ = false;
  try {
    Welcome(std::move(socket));
  } catch (const std::exception& e) {
    // No memory for this one, which is closed; the listener goes on.
    state_.accept_failures.fetch_add(1, std::memory_order_relaxed);
    log::Error("an HTTP connection could not be served", {{"error", e.what()}});
  }
  Accept();
}

// Too many open files, most likely: trying again at once would spin until one is closed.
void Listener::AcceptLater(ErrorCode why) {
  state_.accept_failures.fetch_add(1, std::memory_order_relaxed);
  if (!trouble_logged_) {
    log::Error("HTTP connections cannot be accepted; trying again ten times a second",
               {{"error", why.message()}});
  }
  trouble_logged_ = true;
  pause_.expires_after(kPause);
  pause_.async_wait([self = shared_from_this()](ErrorCode) { self->Accept(); });
}

void Listener::Welcome(Socket socket) {
  state_.accepted.fetch_add(1, std::memory_order_relaxed);
  const size_t open = state_.sessions.size();
  const size_t limit = state_.limits()->connections;
  if (open >= limit) state_.refused.fetch_add(1, std::memory_order_relaxed);
  if (open >= limit + kRefusedAtOnce) return;
  ErrorCode ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  const auto context = state_.tls ? state_.tls->context() : nullptr;
  const auto connection = Connection::Make(Stream(std::move(socket), context.get()), state_);
  if (open < limit) return connection->Start();
  connection->StartBeyondTheLimit(
      ToResponse({.type = kOverloaded,
                  .detail = "This replica has " + std::to_string(limit) +
                            " connections open, as many as http.limits allow.",
                  .next = "Try another replica, or again in a second; raise the limit when this "
                          "is no attack.",
                  .retry_after = Milliseconds(1000)}));
}

}  // namespace bellwether::http
