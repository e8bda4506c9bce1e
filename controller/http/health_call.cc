#include "http/health_call.h"

#include <algorithm>

#include "election/fence.h"
#include "http/common_answers.h"
#include "http/election_call.h"
#include "http/problem.h"

namespace bellwether::http {

using election::CandidateView;
using election::ElectionView;
using election::Freshness;

namespace {

// The place of the candidate in that role, or null and why it has none.
const CandidateView* FindPlace(Role role, std::string_view id, const ElectionView& view,
                               std::string* why) {
  const CandidateView* leader = view.leader();
  if (leader == nullptr) {
    *why = "nobody leads";
    return nullptr;
  }
  if (role == Role::kLeader) {
    if (leader->id == id) return leader;
    *why = "another candidate leads";
    return nullptr;
  }
  if (leader->id == id) {
    *why = "it leads";
    return nullptr;
  }
  const auto place = std::find_if(view.queue.begin(), view.queue.end(),
                                  [&](const CandidateView& c) { return c.id == id; });
  if (place != view.queue.end()) return &*place;
  *why = "it is not in the queue";
  return nullptr;
}

}  // namespace

Health Judge(Role role, std::string_view id, const ElectionView* view, const Freshness& freshness,
             MonotonicTime now,
             const std::function<std::optional<Milliseconds>(LeaseId)>& lease_ttl) {
  if (!freshness.loaded) return {false, "elections are not known here yet"};
  if (view == nullptr) return {false, "the election is not known here"};
  Health health;
  const CandidateView* place = FindPlace(role, id, *view, &health.why);
  if (place == nullptr) return health;
  const auto ttl = lease_ttl && place->lease ? lease_ttl(place->lease) : std::nullopt;
  const bool believed =
      ttl ? now < election::ValidUntil(freshness.as_of, *ttl) : freshness.FreshAt(now);
  if (!believed) return {false, "this replica has not heard from etcd for too long"};
  return {true, role == Role::kLeader ? "it leads" : "it stands by"};
}

Response HealthOf(const Call& call, const Sources& sources, Role role) {
  const auto name = NameIn(call);
  if (!name) return InvalidName(name.error());
  const std::string* id = call.Find("is");
  if (id == nullptr || id->empty()) {
    return ToResponse({.type = kInvalidParameter,
                       .detail = "\"is\" names no candidate.",
                       .next = "Give is=ID with the id of the candidate, as \"id\" in the queue of "
                               "GET /v1/elections/{ns}/{name} has it.",
                       .parameter = "is"});
  }
  if (call.query.size() > 1) {
    return ToResponse({.type = kInvalidParameter,
                       .detail = "\"is\" goes with no other parameter.",
                       .next = "Leave the others out.",
                       .parameter = "is"});
  }
  // The freshness is read first: the views are then at least as new as it says.
  const Freshness freshness = sources.views.freshness();
  const auto view = sources.views.Find(name->ns, name->name);
  const Health health = Judge(role, *id, view.get(), freshness, call.now, sources.lease_ttl);
  Response response = ProbeAnswer(health.ok ? 200 : 503, health.why + "\n");
  response.headers.push_back(StaleHeader(freshness, call.now));
  return response;
}

}  // namespace bellwether::http
