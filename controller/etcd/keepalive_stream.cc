#include "etcd/keepalive_stream.h"

#include <algorithm>
#include <utility>

#include "etcd/codec.h"
#include "etcd/errors.h"
#include "etcd/rpc.pb.h"

namespace bellwether::etcd {
namespace {

constexpr const char* kMethod = "/etcdserverpb.Lease/LeaseKeepAlive";

std::string Request(LeaseId lease) {
  etcdserverpb::LeaseKeepAliveRequest message;
  message.set_id(lease.value);
  return message.SerializeAsString();
}

}  // namespace

KeepaliveStream::KeepaliveStream(Caller& caller, uint64_t seed)
    : caller_(caller),
      backoff_({.first = Milliseconds(50),
                .cap = std::min(Milliseconds(1000), caller.endpoint_timeout())},
               seed),
      tick_(caller.scheduler()),
      again_(caller.scheduler()) {
  caller_.OnEndpointLeft(scope_.Bind([this] { Move(); }));
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

void KeepaliveStream::Move() {
  if (stream_ && stream_endpoint_ != caller_.endpoint()) Break();
}

void KeepaliveStream::Open() {
  if (stream_ || schedule_.empty() || again_.armed() || std::exchange(opening_, true)) return;
  caller_.WithToken(scope_.Bind([this](const Status& status) {
    opening_ = false;
    if (schedule_.empty() || stream_) return;
    // Keepalives need no permission (etcd checks none), so a stream without a token is better than
    // none.
    if (!status && status.error().code != Code::kPermission) return Break();
    stream_endpoint_ = caller_.endpoint();
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
    const MonotonicTime patience = *oldest + caller_.endpoint_timeout();
    if (caller_.scheduler().Now() >= patience) {
      caller_.EndpointFailed(stream_endpoint_);
      return Break();
    }
    when = std::min(when, patience);
  }
  tick_.Set(when, [this] { SendDue(); });
}

void KeepaliveStream::OnStreamMessage(std::string_view bytes) {
  etcdserverpb::LeaseKeepAliveResponse response;
  if (!ParseProto(bytes, &response)) {
    caller_.EndpointFailed(stream_endpoint_);
    return Break();
  }
  backoff_.Reset();
  caller_.EndpointWorked(stream_endpoint_);
  const LeaseId lease{response.id()};
  const Milliseconds ttl = FromSeconds(response.ttl());
  const auto sent_at = schedule_.OnAnswer(lease, ttl);
  if (!sent_at) return;
  LeaseHandler* const handler = handlers_.at(lease);
  if (ttl.count() <= 0) {
    Remove(lease);
    return handler->OnLeaseGone();
  }
  SetTimer();
  handler->OnLeaseRenewed(*sent_at, ttl);
}

void KeepaliveStream::OnStreamEnd(RpcStatus status) {
  if (AsksForNewToken(status)) {
    caller_.ForgetToken(stream_token_);
  } else {
    caller_.EndpointFailed(stream_endpoint_);
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
