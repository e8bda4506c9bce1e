// One answer without an end, as its bytes come: watches of a controller or of Kubernetes.
//
// Owner:   destroying it closes the connection; the handler hears nothing after that.
// Thread:  the scheduler's; the connection has a thread of its own, which waits while the handler
//          is slow, so that no more than kMaxWaiting bytes stand between the two.
// Errors:  OnEnd, once: kUnavailable, kDeadline (nothing came for Options::silence), a refusal of
//          the server (see RefusalOf). It is dead then; to begin again is the owner's.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "loop/scheduler.h"
#include "rest/message.h"

namespace bellwether::rest {

class StreamHandler {
 public:
  virtual ~StreamHandler() = default;
  // The server has answered with a status of success.
  virtual void OnOpen() = 0;
  virtual void OnBytes(std::string_view bytes) = 0;
  virtual void OnEnd(const Error& why) = 0;
};

class HttpStream {
 public:
  static constexpr size_t kMaxWaiting = 256 * 1024;

  struct Options {
    Milliseconds connect_timeout{5000};
    Milliseconds silence{40000};  // without a byte the stream is dead; 0 = for ever
  };

  // GETs `request` from one server of the peer. `scheduler` and `handler` outlive it.
  HttpStream(Scheduler& scheduler, const Peer& peer, size_t server, const Request& request,
             Options options, StreamHandler* handler);
  ~HttpStream();
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;

 private:
  class Transfer;
  void Deliver();

  const std::unique_ptr<Transfer> transfer_;
  StreamHandler* const handler_;
  Scope scope_;
};

}  // namespace bellwether::rest
