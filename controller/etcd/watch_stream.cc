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

// etcd tells a new watch what it missed a tenth of a second after its creation; until then it is no
// proof of anything.
constexpr Milliseconds kCatchUp{500};
// On a stream that goes on telling, a creation is waited for so many times as long as an endpoint
// is: etcd answers in order, so it may stand behind a flood of events.
constexpr int kPatienceOnABusyStream = 4;
// An etcd that is slow as a whole has more time than one endpoint: twice as much with each silence,
// until an answer comes in the usual time.
constexpr int kMostDoublings = 2;

// A watch that tells nothing (both kinds of events are filtered out), made only to be answered.
std::string ProofRequest(const std::string& key, int64_t id) {
  etcdserverpb::WatchRequest message;
  auto& create = *message.mutable_create_request();
  create.set_key(key);
  create.set_watch_id(id);
  create.add_filters(etcdserverpb::WatchCreateRequest::NOPUT);
  create.add_filters(etcdserverpb::WatchCreateRequest::NODELETE);
  return message.SerializeAsString();
}

std::string CancelRequest(int64_t id) {
  etcdserverpb::WatchRequest message;
  message.mutable_cancel_request()->set_watch_id(id);
  return message.SerializeAsString();
}

}  // namespace

WatchStream::WatchStream(Caller& caller, uint64_t seed)
    : caller_(caller),
      // Endpoints have rests of their own; a leader's successor must not wait longer when etcd is
      // back.
      backoff_({.first = Milliseconds(50), .cap = Milliseconds(500)}, seed),
      again_(caller.scheduler()),
      patience_(caller.scheduler()),
      prove_(caller.scheduler()) {
  caller_.OnEndpointLeft(scope_.Bind([this](size_t) { Move(); }));
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
    prove_.Cancel();
    return;
  }
  if (stream_) stream_->Write(CancelRequest(id));
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
      TellEach([&](int64_t id, Entry&) { Lose(id, status.error()); });
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
  ++entry.creations;
  stream_->Write(entry.state.CreateRequest(id));
  Ask(id);
  ProveLifeBy(caller_.scheduler().Now() + entry.state.prove_every());
}

void WatchStream::Ask(int64_t id) {
  asked_.push_back({id, caller_.scheduler().Now()});
  if (!patience_.armed()) BePatient();
}

// A member that answers nothing for this long while it is asked to create watches is given up; one
// that tells other things meanwhile has longer.
void WatchStream::BePatient() {
  const Milliseconds patience =
      caller_.endpoint_timeout() * (1 << std::min(silences_, kMostDoublings));
  const MonotonicTime silent = caller_.scheduler().Now() + patience;
  const MonotonicTime busy = asked_.front().at + kPatienceOnABusyStream * patience;
  patience_.Set(std::min(silent, busy), [this] {
    const Error why{
        .code = Code::kUnavailable,
        .message = "etcd watch: " + caller_.transport().endpoint_name(stream_endpoint_) +
                   " does not answer"};
    ++silences_;
    caller_.EndpointFailed(stream_endpoint_);
    Break(why);
  });
}

void WatchStream::ProveLifeBy(MonotonicTime when) {
  if (prove_.armed() && prove_at_ <= when) return;
  prove_at_ = when;
  prove_.Set(when, [this] { ProveLife(); });
}

// HTTP/2 pings are answered by the connection, so they do not show that this stream goes on. Making
// a watch does, in every version; etcd's progress requests do not before 3.4.25 and 3.5.8. It adds
// no raft entry.
void WatchStream::ProveLife() {
  if (asked_.empty()) {
    const int64_t id = ++last_id_;
    stream_->Write(ProofRequest(watches_.begin()->second.state.key(), id));
    Ask(id);
  }
  Milliseconds every = Milliseconds::max();
  for (const auto& [id, entry] : watches_) every = std::min(every, entry.state.prove_every());
  ProveLifeBy(caller_.scheduler().Now() + every);
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
  if (!asked_.empty()) BePatient();
  if (!response.created()) return Dispatch(response.watch_id(), response);
  // Refusals come with id -1 from some versions; creates are answered in the order they were sent.
  auto asked = std::find_if(asked_.begin(), asked_.end(),
                            [&](const Asked& a) { return a.id == response.watch_id(); });
  if (asked == asked_.end() && response.canceled()) asked = asked_.begin();
  if (asked == asked_.end()) return;
  const auto [id, asked_at] = *asked;
  asked_.erase(asked);
  if (caller_.scheduler().Now() - asked_at <= caller_.endpoint_timeout()) silences_ = 0;
  if (asked_.empty()) patience_.Cancel();
  OnAnswered(id, asked_at, response);
}

void WatchStream::OnAnswered(int64_t id, MonotonicTime asked_at,
                             const etcdserverpb::WatchResponse& response) {
  const auto created = watches_.find(id);
  if (created != watches_.end()) {
    created->second.created_at = caller_.scheduler().Now();
  } else if (!response.canceled()) {
    stream_->Write(CancelRequest(id));
  }
  const bool goes_on = TellEach([&](int64_t, Entry& entry) {
    const bool caught_up = entry.state.created() && asked_at >= entry.created_at + kCatchUp;
    if (caught_up) entry.handler->OnWatchAlive(asked_at);
  });
  if (goes_on) Dispatch(id, response);
}

template <typename Tell>
bool WatchStream::TellEach(Tell tell) {
  const std::weak_ptr<const char> life = scope_.life();
  std::vector<int64_t> ids;
  for (const auto& [id, entry] : watches_) ids.push_back(id);
  for (const int64_t id : ids) {
    const auto found = watches_.find(id);
    if (found == watches_.end()) continue;
    tell(id, found->second);
    if (life.expired()) return false;
  }
  return true;
}

void WatchStream::Dispatch(int64_t id, const etcdserverpb::WatchResponse& response) {
  const auto found = watches_.find(id);
  if (found == watches_.end()) return;  // cancelled by us; the server had this under way
  Entry& entry = found->second;
  const WatchState::Told told = entry.state.OnResponse(response);
  WatchHandler* const handler = entry.handler;
  // The handler may remove the watch, so nothing of the entry is touched after it was called.
  if (told.refused_token && caller_.authenticates()) return RefuseToken();
  if (told.denied && caller_.authenticates()) return AskWhetherDenied(id, *told.lost);
  if (told.lost) return Lose(id, *told.lost);
  if (told.behind) return AskHowFarTheStoreIs(id);
  if (told.create_again) return CreateLater(id);
  if (told.batch) return handler->OnWatchEvents(*told.batch);
  if (told.progress) handler->OnWatchProgress(*told.progress);
}

void WatchStream::RefuseToken() {
  caller_.ForgetToken(stream_token_);
  Break({.code = Code::kPermission, .message = "etcd watch: the token is not valid any more"});
}

// Some 3.4 servers say "permission denied" for a token that they have forgotten. A read of the same
// range tells: it renews the token where that was the reason, and is denied itself where it was
// not.
void WatchStream::AskWhetherDenied(int64_t id, const Error& why) {
  const auto denied = watches_.find(id);
  const RangeRequest read = denied->second.state.Probe();
  caller_.Start({.method = "/etcdserverpb.KV/Range", .request = Encode(read)},
                stream_scope_.Bind([this, id, why](const Result<Caller::Reply>& reply) {
                  if (!watches_.contains(id)) return;
                  const bool renewed = caller_.token() != stream_token_;
                  if (reply.ok() && renewed) return RefuseToken();
                  if (reply.ok() || reply.error().code == Code::kPermission) return Lose(id, why);
                  CreateLater(id);
                }));
}

// A resumed watch at a member that knows less than was told: it lags, or the store was restored
// from a snapshot. Only a linearizable read can tell these apart.
void WatchStream::AskHowFarTheStoreIs(int64_t id) {
  const auto asked = watches_.find(id);
  if (asked == watches_.end()) return;
  const WatchState& state = asked->second.state;
  const RangeRequest read = state.Probe();
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
  prove_.Cancel();
  OpenLater();
  TellEach([&](int64_t, Entry& entry) { entry.handler->OnWatchInterrupted(why); });
}

void WatchStream::OpenLater() {
  const MonotonicTime when =
      std::max(caller_.endpoint_ready_at(), caller_.scheduler().Now() + backoff_.Next());
  again_.Set(when, [this] { Open(); });
}

}  // namespace bellwether::etcd
