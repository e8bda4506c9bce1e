// The byte stream of one connection, plain or TLS behind one face, so that nobody above it asks
// which. One deadline stands over all that is under way on it: when it passes the stream is closed.
//
// Owner:  one; may be moved while nothing is under way but waits.
// Thread: its strand. Handlers are called there too, never inside the call that takes them.
#pragma once

#include <array>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/time.h"
#include "http/socket.h"
#include "http/tls_session.h"

namespace bellwether::http {

class Stream {
 public:
  using executor_type = Strand;

  // With a context TLS is spoken, after Handshake.
  Stream(Socket socket, SSL_CTX* context);
  Stream(Stream&&) noexcept = default;
  Stream& operator=(Stream&&) = delete;

  // False once it was moved from; nothing else may be asked then.
  explicit operator bool() const { return state_ != nullptr; }
  executor_type get_executor() const { return state_->socket.get_executor(); }

  // From now on, for what is under way and what begins; a later call replaces it.
  void ExpiresAfter(Milliseconds time);
  void ExpiresNever();
  bool timed_out() const { return state_->timed_out; }

  // "127.0.0.1:40000"; empty when the client has gone already.
  std::string Remote() const;
  bool secure() const { return state_->tls.has_value(); }
  // handler(ErrorCode, size_t), as of the two below. Only when secure, and first.
  template <typename Handler>
  void Handshake(Handler handler);
  // Why the client's certificate was refused, after a handshake that failed because of it.
  std::string RefusedBecause() const { return state_->tls->RefusedBecause(); }
  // Goes on without TLS, for a client that does not speak it.
  void DropTls() { state_->tls.reset(); }

  // As asio and Beast want them of a stream.
  template <typename Buffers, typename Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler);
  template <typename Buffers, typename Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler);

  // handler(ErrorCode) when there is something to read, or its end. It may be called for bytes that
  // had been read by then.
  template <typename Handler>
  void WaitReadable(Handler handler);
  void CancelWaits();
  enum class Peeked { kNothing, kBytes, kEnd };
  Peeked Peek();
  // Whether bytes have arrived that were not read yet.
  bool HasUnread() const;

  // Tells the client that nothing more comes; what it still sends can be read.
  void ShutdownSend();
  void Close() { state_->Close(); }

 private:
  using Clock = std::chrono::steady_clock;
  // What must keep its place while something is under way.
  struct State {
    explicit State(Socket moved) : socket(std::move(moved)), timer(socket.get_executor()) {}
    ~State() { Close(); }
    void Close();

    Socket socket;
    std::optional<TlsSession> tls;
    asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Strand> timer;
    Clock::time_point deadline = Clock::time_point::max();
    uint64_t wait = 0;  // the one of the timer that counts
    bool waiting = false;
    bool timed_out = false;
  };
  static void Watch(const std::shared_ptr<State>& state);

  template <typename Attempt>
  struct TlsOperation;
  template <typename Attempt, typename Handler>
  void RunTls(Attempt attempt, Handler& handler);

  std::shared_ptr<State> state_;
};

// Tries something again whenever the socket is as TLS wants it, until it is over.
template <typename Attempt>
struct Stream::TlsOperation {
  State& state;
  Attempt attempt;
  bool waited = false;
  std::optional<TlsProgress> over{};

  template <typename Self>
  void operator()(Self& self, ErrorCode ec = {}) {
    if (over) return self.complete(over->error, over->bytes);
    if (ec) return self.complete(ec, 0);
    const TlsProgress progress = attempt(*state.tls);
    if (progress.want != TlsProgress::Want::kNothing) {
      waited = true;
      return state.socket.async_wait(progress.want == TlsProgress::Want::kRead
                                         ? asio::socket_base::wait_read
                                         : asio::socket_base::wait_write,
                                     std::move(self));
    }
    if (waited) return self.complete(progress.error, progress.bytes);
    over = progress;
    asio::post(state.socket.get_executor(), std::move(self));
  }
};

template <typename Attempt, typename Handler>
void Stream::RunTls(Attempt attempt, Handler& handler) {
  asio::async_compose<Handler, void(ErrorCode, size_t)>(
      TlsOperation<Attempt>{*state_, std::move(attempt)}, handler, state_->socket);
}

template <typename Handler>
void Stream::Handshake(Handler handler) {
  RunTls([](TlsSession& tls) { return tls.Handshake(); }, handler);
}

template <typename Buffers, typename Handler>
void Stream::async_read_some(const Buffers& buffers, Handler&& handler) {
  if (!state_->tls) {
    return state_->socket.async_read_some(buffers, std::forward<Handler>(handler));
  }
  asio::mutable_buffer into;
  for (auto it = asio::buffer_sequence_begin(buffers);
       into.size() == 0 && it != asio::buffer_sequence_end(buffers); ++it) {
    into = *it;
  }
  RunTls([into](TlsSession& tls) { return tls.Read(into.data(), into.size()); }, handler);
}

template <typename Buffers, typename Handler>
void Stream::async_write_some(const Buffers& buffers, Handler&& handler) {
  if (!state_->tls) {
    return state_->socket.async_write_some(buffers, std::forward<Handler>(handler));
  }
  RunTls(
      [buffers](TlsSession& tls) {
        // One record, which is one packet where it can be, instead of one for each small piece.
        std::array<char, SSL3_RT_MAX_PLAIN_LENGTH> record;
        const asio::const_buffer first = *asio::buffer_sequence_begin(buffers);
        if (first.size() >= record.size()) return tls.Write(first.data(), record.size());
        const size_t size = asio::buffer_copy(asio::buffer(record), buffers);
        return tls.Write(record.data(), size);
      },
      handler);
}

template <typename Handler>
void Stream::WaitReadable(Handler handler) {
  state_->socket.async_wait(asio::socket_base::wait_read, std::move(handler));
}

}  // namespace bellwether::http
