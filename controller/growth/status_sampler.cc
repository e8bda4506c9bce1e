#include "growth/status_sampler.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "base/check.h"

namespace bellwether::growth {
namespace {

constexpr Milliseconds kShortestRound{100};
constexpr Milliseconds kLongestCall{5000};

// A call ends before the next round begins, so that a member that hangs is asked again in every
// round.
Milliseconds CallTimeout(Milliseconds every) { return std::min(kLongestCall, every * 4 / 5); }

std::vector<std::string> EndpointNames(const etcd::Client& client) {
  std::vector<std::string> names;
  for (size_t i = 0; i < client.endpoint_count(); ++i) names.push_back(client.endpoint_name(i));
  return names;
}

}  // namespace

StatusSampler::StatusSampler(Scheduler& scheduler, etcd::Client& client, Options options,
                             StatusStore& store)
    : scheduler_(scheduler),
      client_(client),
      every_(options.every),
      store_(store),
      book_(std::move(options.cluster), options.every, options.quota_bytes, EndpointNames(client)),
      asking_(client.endpoint_count(), false),
      next_round_(scheduler) {
  BW_CHECK(every_ >= kShortestRound);
}

void StatusSampler::Start() {
  started_at_ = scheduler_.Now();
  Round();
}

void StatusSampler::Round() {
  for (size_t endpoint = 0; endpoint < asking_.size(); ++endpoint) {
    if (!asking_[endpoint]) AskStatus(endpoint);
  }
  next_round_.Set(NextRound(started_at_, every_, scheduler_.Now()), [this] { Round(); });
}

void StatusSampler::AskStatus(size_t endpoint) {
  asking_[endpoint] = true;
  const MonotonicTime asked_at = scheduler_.Now();
  const WallTime asked_at_wall = std::chrono::system_clock::now();
  client_.Status(endpoint, {.timeout = CallTimeout(every_)},
                 scope_.Bind([this, endpoint, asked_at,
                              asked_at_wall](const Result<etcd::StatusResponse>& status) {
                   asking_[endpoint] = false;
                   if (status) {
                     book_.OnStatus(endpoint, asked_at, asked_at_wall, *status);
                   } else {
                     book_.OnFailure(endpoint, status.error());
                   }
                   Publish();
                   if (book_.WantsNames()) AskMembers();
                 }));
}

void StatusSampler::AskMembers() {
  if (std::exchange(asking_members_, true)) return;
  client_.MemberList({.timeout = CallTimeout(every_)},
                     scope_.Bind([this](const Result<etcd::MemberListResponse>& list) {
                       asking_members_ = false;
                       // Without names members go by their ids; the next answer of one asks again.
                       if (!list) return;
                       book_.OnMembers(*list);
                       Publish();
                     }));
}

void StatusSampler::Publish() {
  store_.Publish(std::make_shared<const ClusterStatus>(book_.Snapshot()));
}

}  // namespace bellwether::growth
