#include "etcd/caller.h"

#include <algorithm>
#include <utility>

#include "etcd/codec.h"
#include "etcd/errors.h"

namespace bellwether::etcd {
namespace {

constexpr std::chrono::seconds kTokenLife{300};
constexpr Milliseconds kAuthenticateTimeout{5000};

}  // namespace

struct Caller::Try {
  Call call;
  Done done;
  MonotonicTime deadline;
  bool authenticated_again = false;
  std::optional<Scheduler::TimerId> patience;  // while it waits for a token
  std::optional<Error> last;
};

Caller::Caller(Scheduler& scheduler, Transport& transport, const ClientOptions& options)
    : scheduler_(scheduler),
      transport_(transport),
      options_(options),
      choice_(transport.endpoint_count(), options.seed,
              std::min(Milliseconds(3000), options.endpoint_timeout)) {}

void Caller::Start(Call call, Done done) {
  auto attempt = std::make_shared<Try>();
  attempt->deadline = scheduler_.Now() + call.timeout;
  attempt->call = std::move(call);
  attempt->done = std::move(done);
  Attempt(std::move(attempt));
}

void Caller::Attempt(std::shared_ptr<Try> attempt) {
  if (!attempt->call.needs_token || !authenticates()) return Send(std::move(attempt));
  // Authenticating has a time limit of its own, which may be longer than this call's.
  attempt->patience = scheduler_.At(attempt->deadline, scope_.Bind([this, attempt] {
    attempt->patience.reset();
    const RpcStatus late{RpcCode::kDeadlineExceeded, "no token from etcd in time", true};
    Finish(attempt, ToError(attempt->call.method, transport_.endpoint_name(choice_.current()), late,
                            attempt->call.writes));
  }));
  WithToken([this, attempt](const Status& status) {
    if (!attempt->patience) return;  // the call's time is over
    scheduler_.Cancel(*std::exchange(attempt->patience, std::nullopt));
    if (!status) return Finish(attempt, status.error());
    Send(attempt);
  });
}

void Caller::Send(std::shared_ptr<Try> attempt) {
  const Call& call = attempt->call;
  const size_t endpoint = call.endpoint.value_or(choice_.current());
  const MonotonicTime now = scheduler_.Now();
  const auto left = std::chrono::duration_cast<Milliseconds>(attempt->deadline - now);
  if (left < Milliseconds(1)) {
    const RpcStatus late{RpcCode::kDeadlineExceeded, "no answer in time", true};
    return Finish(attempt,
                  attempt->last.value_or(
                      ToError(call.method, transport_.endpoint_name(endpoint), late, call.writes)));
  }
  // With nobody else to ask, one try has all the time.
  const bool alone = call.endpoint.has_value() || transport_.endpoint_count() == 1;
  const RpcOptions options{.endpoint = endpoint,
                           .timeout = alone ? left : std::min(left, options_.endpoint_timeout),
                           .token = call.needs_token ? token_ : std::string()};
  transport_.Unary(call.method, call.request, options,
                   scope_.Bind([this, attempt, endpoint, now, token = options.token](
                                   const RpcStatus& status, std::string bytes) {
                     OnAnswer(attempt, endpoint, now, token, status, std::move(bytes));
                   }));
}

void Caller::OnAnswer(const std::shared_ptr<Try>& attempt, size_t endpoint, MonotonicTime sent_at,
                      const std::string& token, const RpcStatus& status, std::string bytes) {
  const Call& call = attempt->call;
  if (status.ok()) {
    EndpointWorked(endpoint);
    return Finish(attempt, Reply{.bytes = std::move(bytes),
                                 .endpoint = transport_.endpoint_name(endpoint),
                                 .sent_at = sent_at});
  }
  Error error = ToError(call.method, transport_.endpoint_name(endpoint), status, call.writes);
  const bool token_trouble =
      AsksForNewToken(status) || (error.code == Code::kPermission && TokenIsOld());
  if (token_trouble && call.needs_token && authenticates() &&
      !std::exchange(attempt->authenticated_again, true)) {
    ForgetToken(token);
    return Attempt(attempt);
  }
  if (!AnotherEndpointMayHelp(status)) return Finish(attempt, std::move(error));
  // A call that was given less time than an endpoint has says nothing about the endpoint.
  const bool had_time = scheduler_.Now() - sent_at >= options_.endpoint_timeout;
  if (status.code != RpcCode::kDeadlineExceeded || had_time) EndpointFailed(endpoint);
  if (error.effect == Effect::kUnknown || call.endpoint.has_value())
    return Finish(attempt, std::move(error));
  attempt->last = std::move(error);
  const MonotonicTime next = std::max(choice_.ready_at(), scheduler_.Now());
  if (next >= attempt->deadline) return Finish(attempt, *attempt->last);
  scheduler_.At(next, scope_.Bind([this, attempt] { Attempt(attempt); }));
}

void Caller::Finish(const std::shared_ptr<Try>& attempt, Result<Reply> result) {
  scheduler_.Post(scope_.Bind(
      [attempt, result = std::move(result)]() mutable { attempt->done(std::move(result)); }));
}

void Caller::EndpointWorked(size_t endpoint) { choice_.OnSuccess(endpoint); }

void Caller::EndpointFailed(size_t endpoint) {
  if (!choice_.OnFailure(endpoint, scheduler_.Now())) return;
  for (const auto& told : endpoint_left_) scheduler_.Post(scope_.Bind(told));
}

void Caller::WithToken(std::function<void(Status)> ready) {
  if (!authenticates() || !token_.empty()) {
    scheduler_.Post(scope_.Bind([ready = std::move(ready)] { ready(Ok()); }));
    return;
  }
  waiting_for_token_.push_back(std::move(ready));
  Authenticate();
}

void Caller::Authenticate() {
  if (std::exchange(authenticating_, true)) return;
  const Credentials& credentials = options_.credentials;
  Start({.method = "/etcdserverpb.Auth/Authenticate",
         .request = EncodeAuthenticate(credentials.username, credentials.read_password()),
         .timeout = kAuthenticateTimeout,
         .needs_token = false},
        [this](Result<Reply> reply) { OnAuthenticated(std::move(reply)); });
}

void Caller::OnAuthenticated(Result<Reply> reply) {
  authenticating_ = false;
  Status status = Ok();
  if (!reply) {
    // With authentication switched off on the server no token is needed.
    const bool off =
        reply.error().message.find("authentication is not enabled") != std::string::npos;
    if (!off) status = reply.error();
  } else if (!DecodeAuthenticate(reply->bytes, &token_) || token_.empty()) {
    status =
        Error{.code = Code::kInternal,
              .message = "etcd Authenticate on " + reply->endpoint + ": no token in its answer"};
  } else {
    token_made_at_ = reply->sent_at;
  }
  // Each in a task of its own: a callback may end this client.
  for (auto& ready : std::exchange(waiting_for_token_, {})) {
    scheduler_.Post(scope_.Bind([ready = std::move(ready), status] { ready(status); }));
  }
}

void Caller::ForgetToken(const std::string& token) {
  if (token_ == token) token_.clear();
}

bool Caller::TokenIsOld() const {
  return !token_.empty() && scheduler_.Now() - token_made_at_ >= kTokenLife;
}

}  // namespace bellwether::etcd
