// Unary calls with everything around them: an endpoint that answers, a token that is valid, a
// deadline over all tries. Also what streams share with them: the endpoint in use and the token.
//
// Thread:  shard thread only.
// Retries: see client.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/result.h"
#include "etcd/client.h"
#include "etcd/endpoint_choice.h"
#include "etcd/transport.h"
#include "loop/scheduler.h"

namespace bellwether::etcd {

class Caller {
 public:
  struct Call {
    std::string method;
    std::string request;
    bool writes = false;
    Milliseconds timeout{5000};
    std::optional<size_t> endpoint = std::nullopt;  // this one and no other
    bool needs_token = true;
  };
  struct Reply {
    std::string bytes;
    std::string endpoint;   // for messages
    MonotonicTime sent_at;  // of the try that was answered
  };
  using Done = std::function<void(Result<Reply>)>;

  Caller(Scheduler& scheduler, Transport& transport, const ClientOptions& options);

  void Start(Call call, Done done);

  // For streams.
  size_t endpoint() const { return choice_.current(); }
  MonotonicTime endpoint_ready_at() const { return choice_.ready_at(); }
  void EndpointWorked(size_t endpoint);
  void EndpointFailed(size_t endpoint);
  // Called when the endpoint in use has changed because the old one failed.
  void OnEndpointLeft(std::function<void(size_t old)> told) {
    endpoint_left_.push_back(std::move(told));
  }

  bool authenticates() const { return !options_.credentials.username.empty(); }
  const std::string& token() const { return token_; }
  // Calls back with a token in token() (or at once, in a later task, where none is needed), or with
  // why not. A password that was refused is not tried again for a while: until then everybody hears
  // what etcd said of it.
  void WithToken(std::function<void(Status)> ready);
  // Drops the token if it is still the one in use.
  void ForgetToken(const std::string& token);
  // etcd's simple tokens live 300 s by default: a refusal with an older one may be about the token.
  bool TokenIsOld() const;

  Scheduler& scheduler() { return scheduler_; }
  Transport& transport() { return transport_; }
  Milliseconds endpoint_timeout() const { return options_.endpoint_timeout; }

 private:
  struct Try;

  void Attempt(std::shared_ptr<Try> attempt);
  void Send(std::shared_ptr<Try> attempt);
  void OnAnswer(const std::shared_ptr<Try>& attempt, size_t endpoint, MonotonicTime sent_at,
                const std::string& token, const RpcStatus& status, std::string bytes);
  void Finish(const std::shared_ptr<Try>& attempt, Result<Reply> result);
  void Authenticate();
  void OnAuthenticated(const std::string& password, Result<Reply> reply);
  void TellWhoWaitsForAToken(const Status& status);

  Scheduler& scheduler_;
  Transport& transport_;
  const ClientOptions options_;
  EndpointChoice choice_;
  std::vector<std::function<void(size_t)>> endpoint_left_;
  std::string token_;
  MonotonicTime token_made_at_;
  bool authenticating_ = false;
  bool switched_off_ = false;  // on the server: no token is needed until one is asked for
  struct Refusal {
    std::string password;
    Error why;
    MonotonicTime until;  // it is not tried again
  };
  std::optional<Refusal> refusal_;
  Backoff refusal_backoff_;
  std::vector<std::function<void(Status)>> waiting_for_token_;
  Scope scope_;
};

}  // namespace bellwether::etcd
