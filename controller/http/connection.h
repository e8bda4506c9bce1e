// One client's connection: reads a request, has it answered, writes the answer, reads the next.
// Pipelined requests wait in the read buffer, so answers keep their order. Everything has a
// deadline and a bound (limits.h).
//
// Owner:  the operations under way; when none is left, it is destroyed and its socket closed.
// Thread: its strand. Start, StartBeyondTheLimit, Drain and Close may be called from any thread.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "http/message.h"
#include "http/router.h"
#include "http/server_state.h"
#include "http/stream.h"

namespace bellwether::http {

namespace beast = boost::beast;

class Connection final : public Session,
                         public Waiter,
                         public std::enable_shared_from_this<Connection> {
 public:
  // The state outlives it. Known to state.sessions from now on.
  static std::shared_ptr<Connection> Make(Stream stream, ServerState& state);
  ~Connection() override;

  void Start();
  // One too many: reads one request within a short time, answers it only when it is a probe of this
  // process, else with `refusal`, and ends.
  void StartBeyondTheLimit(Response refusal);
  void Drain() override;
  void Close() override;

  Answer AnswerLater() override;
  void AnswerOnChange(ChangeWait wait) override;
  void StreamEvents(Subject subject, Response head) override;

 private:
  using Parser = beast::http::request_parser<beast::http::string_body>;
  using Clock = std::chrono::steady_clock;

  Connection(Stream stream, ServerState& state);

  void Begin(Milliseconds within);
  void OnHandshake(ErrorCode ec);
  void ReadHeader();
  void OnRead(ErrorCode ec, size_t bytes);
  void OnHeader(size_t size);
  std::optional<Response> ReadFields();
  void ReadBody();
  void OnBody(ErrorCode ec);
  void Dispatch();
  void WaitForAnswer();
  void WatchOrRefuse();
  void WaitForChange();
  void NoticeTheEnd();
  void OnChange(uint64_t request, bool behind);
  void StopWaiting();
  void BecomeStream();
  void OnAnswer(uint64_t request, Response response);
  void BeginAccess();
  void EndAccess(bool cut);
  void SendAndClose(Response response);
  void Send(Response response);
  void OnSent(ErrorCode ec);
  void Linger();
  void Discard();
  bool Failed(ErrorCode ec);
  bool IsIdle();
  void ReleaseBytes();
  template <typename F>
  void OnStrand(F run);

  ServerState& state_;
  const std::shared_ptr<const Limits> limits_;
  const Strand strand_;
  const std::string remote_;  // "127.0.0.1:40000"
  Stream stream_;
  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Strand> answer_timer_;
  beast::flat_buffer buffer_;

  bool reading_header_ = false;  // its first byte has come
  bool served_ = false;          // a request before this one
  size_t searched_ = 0;          // bytes of the buffer without the end of the header
  std::optional<Parser> parser_;
  Request request_;
  bool keep_alive_ = true;
  std::unique_ptr<Response> refusal_;  // set = beyond the limit of connections

  uint64_t request_number_ = 0;
  bool waiting_ = false;  // for an answer that comes later
  // What a handler asked for: to answer on a change, or to stream.
  struct Watching {
    std::optional<ChangeWait> wait;  // without it:
    Subject subject;
    Response head;
    WatcherSlot slot;
    std::shared_ptr<Watcher> watcher;  // that the hub knows
  };
  std::unique_ptr<Watching> watching_;

  std::unique_ptr<Access> access_;  // of the request under way; null = none is logged
  std::string head_;
  std::string body_;
  size_t reserved_ = 0;  // of state_.bytes_under_way
  size_t discarded_ = 0;
};

template <typename F>
void Connection::OnStrand(F run) {
  asio::post(strand_, [self = shared_from_this(), run = std::move(run)]() mutable { run(*self); });
}

}  // namespace bellwether::http
