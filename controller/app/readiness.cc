#include "app/readiness.h"

#include <chrono>
#include <string>

#include "base/duration.h"
#include "etcd/version.h"

namespace bellwether::app {
namespace {

// What the first member that does not answer gives as the reason, for people who look here first.
std::string TroubleOf(const growth::ClusterStatus* status) {
  if (status == nullptr) return "";
  for (const growth::MemberStatus& member : status->members) {
    if (!member.reachable && !member.error.empty()) return ": " + member.error;
  }
  return "";
}

http::Readiness::Check EtcdAnswers(MonotonicTime now, const election::Freshness& freshness,
                                   const growth::ClusterStatus* status) {
  const bool ever = freshness.as_of != MonotonicTime();
  const auto silent = std::chrono::duration_cast<std::chrono::seconds>(now - freshness.as_of);
  if (ever && now - freshness.as_of <= election::kFreshFor) return {.name = "etcd", .ok = true};
  return {.name = "etcd",
          .ok = false,
          .why = (ever ? "etcd has not confirmed what is known here for " + ToString(silent)
                       : std::string("etcd has not confirmed anything yet")) +
                 TroubleOf(status)};
}

}  // namespace

http::Readiness Assess(MonotonicTime now, const election::Freshness& freshness,
                       const growth::ClusterStatus* status) {
  http::Readiness readiness;
  readiness.checks = {
      EtcdAnswers(now, freshness, status),
      {.name = "elections",
       .ok = freshness.loaded,
       .why = freshness.loaded ? "" : "the elections have not been listed yet"},
      {.name = "watch",
       .ok = freshness.watching,
       .why = freshness.watching ? "" : "changes do not arrive; the watch is being made again"}};
  if (freshness.tokens_invalid) {
    readiness.warnings.emplace_back(
        "etcd's history is not the one this process knew (restored from a snapshot, or another "
        "cluster at the same address): fencing tokens from before mean nothing now. Reset what "
        "stores remember of them, then restart the controller to clear this warning.");
  }
  if (status == nullptr) return readiness;
  for (const growth::MemberStatus& member : status->members) {
    if (!etcd::MayConfirmRevokedLeases(member.version)) continue;
    readiness.warnings.push_back(
        "etcd " + member.version + " at " + member.endpoint +
        " may confirm keepalives of a revoked lease; use the fencing token, "
        "and upgrade to " +
        etcd::kLeaseSafeVersions + ".");
  }
  return readiness;
}

}  // namespace bellwether::app
