// Bounded calls: one request, one answer of limited size within limited time.
//
// Owner:   destroying it cancels what is under way, and no callback runs after that.
// Thread:  the scheduler's. Callbacks arrive there, once, never inside Call.
// Retries: a GET or HEAD that a server did not answer, or answered with 429, 502, 503 or 504, goes
//          to the next server, each one once; any other request goes to one server only.
// Limits:  cpprestsdk itself reads the head of an answer without a limit of size; what bounds it
//          is the time. Call servers that you trust so far.
// Errors:  kInvalid: a TLS file. kUnavailable, kDeadline, kTooLarge: no usable answer; the message
//          names each server that was asked and why it was of no use. An answer with any status is
//          an answer (see RefusalOf); the last server's is given when all of them only refused.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "loop/scheduler.h"
#include "rest/message.h"

namespace bellwether::rest {

class HttpClient {
 public:
  struct Options {
    // A server that sends nothing for this long is left: while it connects, and later.
    Milliseconds silence{3000};
    Milliseconds timeout{10000};  // of a call as a whole, over all servers
    size_t answer_bytes = 16 << 20;
  };
  using Callback = std::function<void(Result<Response>)>;

  // `scheduler` outlives it. The files are checked here, so that a wrong one is named.
  static Result<std::unique_ptr<HttpClient>> Make(Scheduler& scheduler, Peer peer, Options options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void Call(Request request, Callback done);

 private:
  class Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace bellwether::rest
