// Server-sent events for ever: reads the stream of one server, and when it ends, is refused or
// falls silent, goes on at the next one from the last id. Waits grow, with jitter, once every
// server has failed in turn.
//
// Owner:   destroying it ends it; the handler hears nothing after that.
// Thread:  the scheduler's.
// Errors:  OnInterrupted, each time; it tries on whatever the reason, so a handler that sees one
//          that will not pass (kInvalid, kNotFound, kPermission) destroys it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "loop/scheduler.h"
#include "rest/http_stream.h"
#include "rest/message.h"
#include "rest/server_choice.h"
#include "rest/sse_parser.h"

namespace bellwether::rest {

class EventHandler {
 public:
  virtual ~EventHandler() = default;
  virtual void OnEvent(const ServerEvent& event) = 0;
  virtual void OnInterrupted(const Error& why) = 0;
};

class EventSource final : private StreamHandler {
 public:
  struct Options {
    // Both by what the server does: ours sends a comment each 15 s.
    HttpStream::Options stream{};
    SseParser::Limits limits{};
    Backoff::Options backoff{.first = Milliseconds(200), .cap = Milliseconds(5000)};
    bool resume = true;  // else each connection begins anew, without the last id
  };
  // `scheduler` and `handler` outlive it. `seed` is of jitter.
  EventSource(Scheduler& scheduler, Peer peer, Request request, Options options, uint64_t seed,
              EventHandler* handler);

 private:
  void OnOpen() override {}
  void OnBytes(std::string_view bytes) override;
  void OnEnd(const Error& why) override;
  void Connect();

  Scheduler& scheduler_;
  const Peer peer_;
  const Request request_;
  const Options options_;
  EventHandler* const handler_;
  ServerChoice choice_;
  std::string last_id_;
  std::optional<SseParser> parser_;
  Timer again_;
  std::unique_ptr<HttpStream> stream_;
  Scope scope_;
};

}  // namespace bellwether::rest
