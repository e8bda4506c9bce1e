#include "etcd/watch_stream.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "etcd/codec.h"
#include "etcd/errors.h"
#include "etcd/rpc.pb.h"

namespace bellwether::etcd {
namespace {

constexpr const char* kMethod = "/etcdserverpb.Watch/Watch";

}  // namespace

WatchStream::WatchStream(Caller& caller, uint64_t seed)
    : caller_(caller),
      backoff_({.first = Milliseconds(50), .cap = Milliseconds(3000)}, seed),
      again_(caller.scheduler()),
      patience_(caller.scheduler()) {
  caller_.OnEndpointLeft(scope_.Bind([this] { Move(); }));
}

int64_t WatchStream::Add(WatchRequest request, WatchHandler* handler) {
  const int64_t id = ++last_id_;
  watches_.emplace(id, Entry{WatchState(std::move(request)), handler});
  if (stream_) {
    Create(id);
  } else {
    Open();
  }
  return id;
}

void WatchStream::Remove(int64_t id) {
  if (watches_.erase(id) == 0) return;
  if (watches_.empty()) {
    // Nothing is watched: the stream ends with it.
    stream_.reset();
    stream_scope_.Reset();
    asked_.clear();
    patience_.Cancel();
    return;
  }
  if (!stream_) return;
  etcdserverpb::WatchRequest message;
  message.mutable_cancel_request()->set_watch_id(id);
  stream_->Write(message.SerializeAsString());
}

void WatchStream::Move() {
  if (stream_ && stream_endpoint_ != caller_.endpoint()) {
    Break({.code = Code::kUnavailable,
           .message = "etcd watch: " + caller_.transport().endpoint_name(stream_endpoint_) +
                      " does not answer; going to " +
                      caller_.transport().endpoint_name(caller_.endpoint())});
  }
}

void WatchStream::Open() {
  if (stream_ || watches_.empty() || again_.armed() || std::exchange(opening_, true)) return;
  caller_.WithToken(scope_.Bind([this](const Status& status) {
    opening_ = false;
    if (watches_.empty() || stream_) return;
    if (status) return Connect();
    if (status.error().code == Code::kPermission) {
      std::vector<int64_t> ids;
      for (const auto& [id, entry] : watches_) ids.push_back(id);
      for (const int64_t id : ids) Lose(id, status.error());
    } else {
      OpenLater();
    }
  }));
}

void WatchStream::Connect() {
  stream_endpoint_ = caller_.endpoint();
  stream_token_ = caller_.token();
  token_is_new_ = std::exchange(doubt_token_, false);
  stream_ = caller_.transport().Open(
      kMethod, {.endpoint = stream_endpoint_, .token = stream_token_, .has_leader = true}, this);
  asked_.clear();
  for (const auto& [id, entry] : watches_) Create(id);
}

void WatchStream::Create(int64_t id) {
  Entry& entry = watches_.at(id);
  entry.waits = false;
  ++entry.creations;
  asked_.push_back(id);
  stream_->Write(entry.state.CreateRequest(id));
  if (!patience_.armed()) BePatient();
}

// A member that answers nothing for this long while it is asked to create watches is given up.
void WatchStream::BePatient() {
  patience_.Set(caller_.scheduler().Now() + caller_.endpoint_timeout(), [this] {
    const Error why{
        .code = Code::kUnavailable,
        .message = "etcd watch: " + caller_.transport().endpoint_name(stream_endpoint_) +
                   " does not answer"};
    caller_.EndpointFailed(stream_endpoint_);
    Break(why);
  });
}

void WatchStream::OnStreamMessage(std::string_view bytes) {
  etcdserverpb::WatchResponse response;
  if (!ParseProto(bytes, &response)) {
    caller_.EndpointFailed(stream_endpoint_);
    return Break({.code = Code::kInternal,
                  .message = "etcd watch: " + caller_.transport().endpoint_name(stream_endpoint_) +
                             " sent something that is not a watch response"});
  }
  if (!response.canceled()) backoff_.Reset();
  int64_t id = response.watch_id();
  if (response.created()) {
    // Refusals come with id -1 from some versions; creates are answered in the order they were
    // sent.
    const auto asked = std::find(asked_.begin(), asked_.end(), id);
    if (asked != asked_.end()) {
      asked_.erase(asked);
    } else if (response.canceled() && !asked_.empty()) {
      id = asked_.front();
      asked_.pop_front();
    }
  }
  if (asked_.empty()) {
    patience_.Cancel();
  } else {
    BePatient();
  }
  Dispatch(id, response);
}

void WatchStream::Dispatch(int64_t id, const etcdserverpb::WatchResponse& response) {
  const auto found = watches_.find(id);
  if (found == watches_.end()) return;  // cancelled by us; the server had this under way
  Entry& entry = found->second;
  const WatchState::Told told = entry.state.OnResponse(response);
  WatchHandler* const handler = entry.handler;
  // The handler may remove the watch, so nothing of the entry is touched after it was called.
  if (told.refused_token) return RefuseToken();
  // etcd 3.4 says "permission denied" for a token that it has forgotten, so the first denial asks
  // for a new one.
  if (told.denied && caller_.authenticates() && (!token_is_new_ || caller_.TokenIsOld())) {
    return RefuseToken();
  }
  if (told.lost) return Lose(id, *told.lost);
  if (told.behind) return AskHowFarTheStoreIs(id);
  if (told.create_again) return CreateLater(id);
  if (told.batch) return handler->OnWatchEvents(*told.batch);
  if (told.progress) handler->OnWatchProgress(*told.progress);
}

void WatchStream::RefuseToken() {
  caller_.ForgetToken(stream_token_);
  doubt_token_ = true;
  Break({.code = Code::kPermission, .message = "etcd watch: the token is not valid any more"});
}

// A resumed watch at a member that knows less than was told: it lags, or the store was restored
// from a snapshot. Only a linearizable read can tell these apart.
void WatchStream::AskHowFarTheStoreIs(int64_t id) {
  const auto asked = watches_.find(id);
  if (asked == watches_.end()) return;
  const WatchState& state = asked->second.state;
  const RangeRequest read{.key = state.key(), .limit = 1, .keys_only = true};
  caller_.Start(
      {.method = "/etcdserverpb.KV/Range", .request = Encode(read)},
      stream_scope_.Bind([this, id, told = Revision{state.next().value - 1},
                          creation = asked->second.creations](const Result<Caller::Reply>& reply) {
        const auto found = watches_.find(id);
        if (found == watches_.end() || found->second.creations != creation) return;
        RangeResponse store;
        if (!reply || !Decode(reply->bytes, &store)) {
          caller_.scheduler().At(caller_.scheduler().Now() + backoff_.Next(),
                                 stream_scope_.Bind([this, id] { AskHowFarTheStoreIs(id); }));
          return;
        }
        const auto outcome = found->second.state.OnStoreRead(store.header, told);
        if (outcome.lost) return Lose(id, *outcome.lost);
        found->second.handler->OnWatchProgress(*outcome.progress);
      }));
}

void WatchStream::CreateLater(int64_t id) {
  watches_.at(id).waits = true;
  const MonotonicTime when = caller_.scheduler().Now() + backoff_.Next();
  caller_.scheduler().At(when, stream_scope_.Bind([this, id] {
    const auto found = watches_.find(id);
    if (stream_ && found != watches_.end() && found->second.waits) Create(id);
  }));
}

void WatchStream::Lose(int64_t id, const Error& why) {
  const auto found = watches_.find(id);
  WatchHandler* const handler = found->second.handler;
  Remove(id);
  handler->OnWatchLost(why);
}

void WatchStream::OnStreamEnd(RpcStatus status) {
  const Error why =
      ToError(kMethod, caller_.transport().endpoint_name(stream_endpoint_), status, false);
  if (AsksForNewToken(status)) {
    caller_.ForgetToken(stream_token_);
  } else {
    caller_.EndpointFailed(stream_endpoint_);
  }
  Break(why);
}

void WatchStream::Break(const Error& why) {
  stream_.reset();
  stream_scope_.Reset();
  asked_.clear();
  patience_.Cancel();
  OpenLater();
  std::vector<int64_t> ids;
  for (const auto& [id, entry] : watches_) ids.push_back(id);
  for (const int64_t id : ids) {
    const auto found = watches_.find(id);
    if (found != watches_.end()) found->second.handler->OnWatchInterrupted(why);
  }
}

void WatchStream::OpenLater() {
  const MonotonicTime when =
      std::max(caller_.endpoint_ready_at(), caller_.scheduler().Now() + backoff_.Next());
  again_.Set(when, [this] { Open(); });
}

}  // namespace bellwether::etcd
