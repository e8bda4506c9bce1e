#include "etcd/caller.h"

#include <algorithm>
#include <utility>

#include "etcd/codec.h"
#include "etcd/errors.h"

namespace bellwether::etcd {
namespace {

constexpr std::chrono::seconds kTokenLife{300};
constexpr Milliseconds kAuthenticateTimeout{5000};
// When etcd is back, its clients must hear of each other again within a second, gRPC's own pause
// (grpc_channels.cc) included.
constexpr Milliseconds kLongestRest{300};
constexpr int kMostDoublings = 4;  // of an endpoint's time, for one call
// etcd hashes each password that it is shown (bcrypt), and writes a line of its log for each
// refusal.
constexpr Backoff::Options kAfterRefusal{.first = Milliseconds(1000), .cap = Milliseconds(30000)};

}  // namespace

struct Caller::Try {
  Call call;
  Done done;
  MonotonicTime deadline;
  bool authenticated_again = false;
  int silences = 0;  // endpoints that were left for it because they did not answer
  std::optional<Scheduler::TimerId> patience;  // while it waits for a token
  std::optional<Error> last;
};

Caller::Caller(Scheduler& scheduler, Transport& transport, const ClientOptions& options)
    : scheduler_(scheduler),
      transport_(transport),
      options_(options),
      choice_(transport.endpoint_count(), options.seed, kLongestRest),
      refusal_backoff_(kAfterRefusal, options.seed + 4) {}

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
  // With nobody else to ask, one try has all the time. The first silence may be of one endpoint,
  // the next may be of an etcd that is slow as a whole: each has twice as long as the one before.
  const bool alone = call.endpoint.has_value() || transport_.endpoint_count() == 1;
  const Milliseconds patience =
      options_.endpoint_timeout * (1 << std::min(attempt->silences, kMostDoublings));
  const RpcOptions options{.endpoint = endpoint,
                           .timeout = alone ? left : std::min(left, patience),
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
  if (status.code == RpcCode::kDeadlineExceeded) ++attempt->silences;
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
  for (const auto& told : endpoint_left_) {
    scheduler_.Post(scope_.Bind([told, endpoint] { told(endpoint); }));
  }
}

void Caller::WithToken(std::function<void(Status)> ready) {
  if (!authenticates() || switched_off_ || !token_.empty()) {
    scheduler_.Post(scope_.Bind([ready = std::move(ready)] { ready(Ok()); }));
    return;
  }
  waiting_for_token_.push_back(std::move(ready));
  Authenticate();
}

void Caller::Authenticate() {
  if (std::exchange(authenticating_, true)) return;
  const Credentials& credentials = options_.credentials;
  std::string password = credentials.read_password();
  if (refusal_ && refusal_->password == password && scheduler_.Now() < refusal_->until) {
    authenticating_ = false;
    return TellWhoWaitsForAToken(refusal_->why);
  }
  std::string request = EncodeAuthenticate(credentials.username, password);
  Start({.method = "/etcdserverpb.Auth/Authenticate",
         .request = std::move(request),
         .timeout = kAuthenticateTimeout,
         .needs_token = false},
        [this, password = std::move(password)](Result<Reply> reply) {
          OnAuthenticated(password, std::move(reply));
        });
}

void Caller::OnAuthenticated(const std::string& password, Result<Reply> reply) {
  authenticating_ = false;
  Status status = Ok();
  if (!reply) {
    switched_off_ =
        reply.error().message.find("authentication is not enabled") != std::string::npos;
    if (!switched_off_) status = reply.error();
  } else if (!DecodeAuthenticate(reply->bytes, &token_) || token_.empty()) {
    status =
        Error{.code = Code::kInternal,
              .message = "etcd Authenticate on " + reply->endpoint + ": no token in its answer"};
  } else {
    token_made_at_ = reply->sent_at;
  }
  if (status) {
    refusal_.reset();
    refusal_backoff_.Reset();
  } else if (status.error().code == Code::kPermission) {
    // Another password has its own first wait.
    if (!refusal_ || refusal_->password != password) refusal_backoff_.Reset();
    refusal_ = {password, status.error(), scheduler_.Now() + refusal_backoff_.Next()};
  }
  TellWhoWaitsForAToken(status);
}

// Each in a task of its own: a callback may end this client.
void Caller::TellWhoWaitsForAToken(const Status& status) {
  for (auto& ready : std::exchange(waiting_for_token_, {})) {
    scheduler_.Post(scope_.Bind([ready = std::move(ready), status] { ready(status); }));
  }
}

void Caller::ForgetToken(const std::string& token) {
  if (token_ != token) return;
  token_.clear();
  switched_off_ = false;
}

bool Caller::TokenIsOld() const {
  return !token_.empty() && scheduler_.Now() - token_made_at_ >= kTokenLife;
}

}  // namespace bellwether::etcd
