#include "http/stream.h"

#include <sys/socket.h>

#include <cerrno>

namespace bellwether::http {

Stream::Stream(Socket socket, SSL_CTX* context)
    : state_(std::make_shared<State>(std::move(socket))) {
  if (context != nullptr) state_->tls.emplace(*context, state_->socket);
}

std::string Stream::Remote() const {
  ErrorCode ec;
  const auto endpoint = state_->socket.remote_endpoint(ec);
  if (ec) return "";
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(endpoint.port());
}

void Stream::ExpiresAfter(Milliseconds time) {
  state_->deadline = Clock::now() + time;
  // A wait that ends earlier goes on by itself: most deadlines are replaced long before they pass.
  if (!state_->waiting || state_->timer.expiry() > state_->deadline) Watch(state_);
}

void Stream::ExpiresNever() { state_->deadline = Clock::time_point::max(); }

void Stream::Watch(const std::shared_ptr<State>& state) {
  state->waiting = true;
  state->timer.expires_at(state->deadline);
  state->timer.async_wait([weak = std::weak_ptr(state), wait = ++state->wait](ErrorCode ec) {
    const auto self = weak.lock();
    if (ec || self == nullptr || wait != self->wait) return;
    self->waiting = false;
    if (self->deadline == Clock::time_point::max() || !self->socket.is_open()) return;
    if (Clock::now() < self->deadline) return Watch(self);
    self->timed_out = true;
    self->Close();
  });
}

void Stream::CancelWaits() {
  ErrorCode ignored;
  state_->socket.cancel(ignored);
}

Stream::Peeked Stream::Peek() {
  if (state_->tls) {
    const TlsProgress progress = state_->tls->Peek();
    if (progress.want != TlsProgress::Want::kNothing) return Peeked::kNothing;
    return progress.error ? Peeked::kEnd : Peeked::kBytes;
  }
  char byte = 0;
  const auto peeked =
      recv(state_->socket.native_handle(), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
  if (peeked > 0) return Peeked::kBytes;
  return peeked < 0 && (errno == EAGAIN || errno == EINTR) ? Peeked::kNothing : Peeked::kEnd;
}

bool Stream::HasUnread() const {
  ErrorCode ignored;
  return state_->socket.available(ignored) > 0 || (state_->tls && state_->tls->HasUnread());
}

void Stream::ShutdownSend() {
  if (state_->tls) state_->tls->SayEnd();
  ErrorCode ignored;
  state_->socket.shutdown(asio::socket_base::shutdown_send, ignored);
}

void Stream::State::Close() {
  if (!socket.is_open()) return;
  if (tls) tls->SayEnd();
  ErrorCode ignored;
  socket.close(ignored);
  timer.cancel();
}

}  // namespace bellwether::http
