#include "etcd/leader_finder.h"

#include <algorithm>
#include <utility>

#include "etcd/codec.h"

namespace bellwether::etcd {
namespace {

// A cluster that elects without end must not be asked without end.
constexpr std::chrono::seconds kAskAgain{5};

}  // namespace

LeaderFinder::LeaderFinder(Caller& caller, std::function<void()> found)
    : caller_(caller), found_(std::move(found)) {}

void LeaderFinder::Look(uint64_t seen_term) {
  const size_t endpoints = caller_.transport().endpoint_count();
  const bool known = settled_ && (seen_term == 0 || seen_term == term_);
  if (endpoints == 1 || known || round_.unanswered > 0) return;
  const MonotonicTime now = caller_.scheduler().Now();
  if (asked_at_ && now - *asked_at_ < kAskAgain) return;
  asked_at_ = now;
  round_ = {.unanswered = endpoints, .newest_term = seen_term};
  for (size_t endpoint = 0; endpoint < endpoints; ++endpoint) {
    caller_.Start({.method = "/etcdserverpb.Maintenance/Status",
                   .request = EncodeStatus(),
                   .timeout = caller_.endpoint_timeout(),
                   .endpoint = endpoint},
                  scope_.Bind([this, endpoint](const Result<Caller::Reply>& reply) {
                    StatusResponse status;
                    if (!reply) return OnStatus(endpoint, reply.error());
                    if (!Decode(reply->bytes, &status)) return OnStatus(endpoint, Error{});
                    OnStatus(endpoint, std::move(status));
                  }));
  }
}

void LeaderFinder::OnStatus(size_t endpoint, const Result<StatusResponse>& result) {
  --round_.unanswered;
  if (result.ok()) {
    round_.newest_term = std::max(round_.newest_term, result->raft_term);
    round_.all_knew &= result->leader != 0;
    // A leader that is cut off still calls itself one, in an older term.
    const bool leads = result->leader != 0 && result->leader == result->header.member_id;
    if (leads && result->raft_term > round_.leader_term) {
      round_.leader = leader_ = endpoint;
      round_.leader_term = result->raft_term;
      found_();
    }
  } else if (result.error().code != Code::kPermission) {
    round_.all_knew = false;
  }
  if (round_.unanswered > 0) return;
  leader_ = round_.leader;
  settled_ = leader_ || round_.all_knew;
  term_ = leader_ ? round_.leader_term : round_.newest_term;
}

void LeaderFinder::Forget(size_t endpoint) {
  if (round_.leader == endpoint) round_.leader.reset();
  if (leader_ != endpoint) return;
  leader_.reset();
  settled_ = false;
}

}  // namespace bellwether::etcd
