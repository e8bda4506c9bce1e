#include "etcd/watch_stream.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "etcd/errors.h"
#include "etcd/rpc.pb.h"

namespace bellwether::etcd {
namespace {

constexpr const char* kMethod = "/etcdserverpb.Watch/Watch";

}  // namespace

WatchStream::WatchStream(Caller& caller, uint64_t seed)
    : caller_(caller),
      backoff_({.first = Milliseconds(50), .cap = Milliseconds(3000)}, seed),
      again_(caller.scheduler()) {
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
  stream_ = caller_.transport().Open(
      kMethod, {.endpoint = stream_endpoint_, .token = stream_token_, .has_leader = true}, this);
  asked_.clear();
  for (const auto& [id, entry] : watches_) Create(id);
}

void WatchStream::Create(int64_t id) {
  Entry& entry = watches_.at(id);
  entry.waits = false;
  asked_.push_back(id);
  stream_->Write(entry.state.CreateRequest(id));
}

void WatchStream::OnStreamMessage(std::string_view bytes) {
  etcdserverpb::WatchResponse response;
  if (!response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    caller_.EndpointFailed(stream_endpoint_);
    return Break({.code = Code::kInternal,
                  .message = "etcd watch: " + caller_.transport().endpoint_name(stream_endpoint_) +
                             " sent something that is not a watch response"});
  }
  backoff_.Reset();
  int64_t id = response.watch_id();
  if (response.created()) {
    // Refusals come with id -1 from some versions; creates are answered in the order they were sent.
    const auto asked = std::find(asked_.begin(), asked_.end(), id);
    if (asked != asked_.end()) {
      asked_.erase(asked);
    } else if (response.canceled() && !asked_.empty()) {
      id = asked_.front();
      asked_.pop_front();
    }
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
  if (told.lost) return Lose(id, *told.lost);
  if (told.refused_token) {
    caller_.ForgetToken(stream_token_);
    return Break({.code = Code::kPermission, .message = "etcd watch: the token has expired"});
  }
  if (told.create_again) return CreateLater(id);
  if (told.batch) return handler->OnWatchEvents(*told.batch);
  if (told.progress) handler->OnWatchProgress(*told.progress);
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
