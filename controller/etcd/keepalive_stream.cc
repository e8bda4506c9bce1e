#include "etcd/keepalive_stream.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "etcd/codec.h"
#include "etcd/errors.h"
#include "etcd/rpc.pb.h"

namespace bellwether::etcd {
namespace {

constexpr const char* kMethod = "/etcdserverpb.Lease/LeaseKeepAlive";

// Where the TTL would allow more: no etcd that works is slower.
constexpr Milliseconds kLongestPatience{30000};

std::string Request(LeaseId lease) {
  etcdserverpb::LeaseKeepAliveRequest message;
  message.set_id(lease.value);
  return message.SerializeAsString();
}

}  // namespace

KeepaliveStream::KeepaliveStream(Caller& caller, uint64_t seed)
    : caller_(caller),
      leader_(caller,
              [this] {
                if (!schedule_.oldest_unanswered()) Move();
              }),
      backoff_({.first = Milliseconds(50),
                .cap = std::min(Milliseconds(1000), caller.endpoint_timeout())},
               seed),
      tick_(caller.scheduler()),
      again_(caller.scheduler()) {
  caller_.OnEndpointLeft(scope_.Bind([this](size_t endpoint) { OnEndpointLeft(endpoint); }));
}

void KeepaliveStream::Add(LeaseId lease, Milliseconds ttl, LeaseHandler* handler) {
  // The grant, or whoever kept it before, counts as the first keepalive.
  schedule_.Add(lease, ttl, caller_.scheduler().Now() + ttl / 3);
  handlers_[lease] = handler;
  Open();
  SetTimer();
}

void KeepaliveStream::Remove(LeaseId lease) {
  schedule_.Remove(lease);
  handlers_.erase(lease);
  if (schedule_.empty()) {
    stream_.reset();
    again_.Cancel();
  }
  SetTimer();
}

void KeepaliveStream::OnEndpointLeft(size_t endpoint) {
  leader_.Forget(endpoint);
  // An answer that is waited for has its own patience: what is too late for a call may still renew
  // a lease.
  if (!schedule_.oldest_unanswered()) Move();
}

void KeepaliveStream::OnEndpointFailed() {
  leader_.Forget(stream_endpoint_);
  caller_.EndpointFailed(stream_endpoint_);
  Break();
}

// What has no answer yet leaves again at once; if it counted, the second one does no harm.
void KeepaliveStream::Move() {
  if (!stream_ || stream_endpoint_ == BestEndpoint()) return;
  stream_.reset();
  tick_.Cancel();
  schedule_.OnStreamBroken(caller_.scheduler().Now());
  Open();
}

void KeepaliveStream::Open() {
  if (stream_ || schedule_.empty() || again_.armed() || std::exchange(opening_, true)) return;
  caller_.WithToken(scope_.Bind([this](const Status& status) {
    opening_ = false;
    if (schedule_.empty() || stream_) return;
    // Before 3.4.43, 3.5.28 and 3.6.9 etcd asks for no token here, so a stream without one is
    // better than none.
    if (!status && status.error().code != Code::kPermission) return Break();
    // The first keepalive does not wait for the leader to be found.
    leader_.Look(0);
    stream_endpoint_ = BestEndpoint();
    heard_at_ = {};
    stream_token_ = caller_.token();
    stream_ = caller_.transport().Open(
        kMethod, {.endpoint = stream_endpoint_, .token = stream_token_, .has_leader = true}, this);
    SendDue();
  }));
}

void KeepaliveStream::SendDue() {
  if (stream_) {
    const MonotonicTime now = caller_.scheduler().Now();
    for (const LeaseId lease : schedule_.TakeDue(now)) stream_->Write(Request(lease));
  }
  SetTimer();
}

void KeepaliveStream::SetTimer() {
  if (!stream_ || schedule_.empty()) return tick_.Cancel();
  MonotonicTime when = *schedule_.next_due();
  if (const auto oldest = schedule_.oldest_unanswered()) {
    const MonotonicTime end = std::max(*oldest, heard_at_) + Patience();
    if (caller_.scheduler().Now() >= end) return OnSilence();
    when = std::min(when, end);
  }
  tick_.Set(when, [this] { SendDue(); });
}

// With nobody else to ask, leaving helps only where the stream is dead although its connection
// lives.
Milliseconds KeepaliveStream::Patience() const {
  const Milliseconds first = caller_.endpoint_timeout();
  const Milliseconds ttl = schedule_.shortest_ttl();
  const bool alone = caller_.transport().endpoint_count() == 1;
  if (!alone && !late_) return first;
  return std::max(first, std::min(ttl / (alone ? 2 : 3), kLongestPatience));
}

void KeepaliveStream::OnSilence() {
  late_ = true;
  OnEndpointFailed();
}

void KeepaliveStream::OnStreamMessage(std::string_view bytes) {
  etcdserverpb::LeaseKeepAliveResponse response;
  if (!ParseProto(bytes, &response)) return OnEndpointFailed();
  backoff_.Reset();
  refusal_logged_ = false;
  caller_.EndpointWorked(stream_endpoint_);
  leader_.Look(response.header().raft_term());
  const MonotonicTime now = heard_at_ = caller_.scheduler().Now();
  const LeaseId lease{response.id()};
  const Milliseconds ttl = FromSeconds(response.ttl());
  const auto sent_at = schedule_.OnAnswer(lease, ttl);
  if (!sent_at) return;
  late_ = now - *sent_at > caller_.endpoint_timeout();
  LeaseHandler* const handler = handlers_.at(lease);
  if (ttl.count() <= 0) {
    Remove(lease);
    return handler->OnLeaseGone();
  }
  // To the leader that was found meanwhile; where answers are late, no other one is given up for
  // it.
  if (!late_ || !schedule_.oldest_unanswered()) Move();
  SetTimer();
  handler->OnLeaseRenewed(*sent_at, ttl);
}

void KeepaliveStream::OnStreamEnd(RpcStatus status) {
  // From 3.4.43, 3.5.28 and 3.6.9 each keepalive is checked: the token that the stream was opened
  // with, and the right to put every key of the lease. A refusal is not the endpoint's fault.
  const Error why =
      ToError(kMethod, caller_.transport().endpoint_name(stream_endpoint_), status, false);
  if (AsksForNewToken(status)) {
    caller_.ForgetToken(stream_token_);
  } else if (why.code != Code::kPermission) {
    return OnEndpointFailed();
  } else if (!std::exchange(refusal_logged_, true)) {
    log::Warning("keepalives are refused; leases will run out", {{"error", why.message}});
  }
  Break();
}

void KeepaliveStream::Break() {
  stream_.reset();
  tick_.Cancel();
  const MonotonicTime now = caller_.scheduler().Now();
  schedule_.OnStreamBroken(now);
  again_.Set(std::max(caller_.endpoint_ready_at(), now + backoff_.Next()), [this] { Open(); });
}

}  // namespace bellwether::etcd
