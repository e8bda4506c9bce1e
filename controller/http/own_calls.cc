#include "http/own_calls.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "http/answers.h"
#include "http/calls.h"
#include "http/common_answers.h"
#include "http/negotiation.h"

namespace bellwether::http {
namespace {

using election::Freshness;
using election::Leadership;
using election::OwnState;

const std::vector<std::string_view> kNameTypes = {kJson, kText};
const std::vector<std::string_view> kStateTypes = {kJson};

// The id of who leads, "" for nobody; nullopt = not known yet. Of its own leadership this candidate
// itself has the last word: programs compare the name with their own, and the view may go on naming
// it after its deadline.
std::optional<std::string> LeaderName(const OwnState& own, const election::ViewStore& views,
                                      const Freshness& freshness, MonotonicTime now) {
  if (own.LeadsAt(now) != nullptr) return own.id;
  if (!freshness.loaded) return std::nullopt;
  const auto found = views.List("", "", 1);
  const auto* leader = found.empty() ? nullptr : found.front()->leader();
  return leader == nullptr || leader->id == own.id ? "" : leader->id;
}

Response Name(const Call& call, const Sources& sources) {
  const auto type = ChooseType(call.request.accept, kNameTypes);
  if (!type) return NotAcceptable(kNameTypes);
  const Freshness freshness = sources.views.freshness();
  const auto name = LeaderName(sources.own->Get(), sources.views, freshness, call.now);
  if (!name) return NotLoaded();
  Response response =
      *type == kText ? TextOk(name->empty() ? "" : *name + "\n") : JsonOk(Dump({{"name", *name}}));
  response.headers.push_back({"Vary", "Accept"});
  response.headers.push_back(StaleHeader(freshness, call.now));
  return response;
}

std::string WhyNotLeading(const OwnState& own) {
  if (!own.not_queued.empty()) return own.not_queued;
  if (own.leadership) return "its lease was not renewed in time";
  return own.place ? "another candidate leads" : "it is joining the queue";
}

Response IsLeader(const Call& call, const Sources& sources) {
  const OwnState own = sources.own->Get();
  if (own.LeadsAt(call.now) != nullptr) return ProbeAnswer(200, "it leads\n");
  return ProbeAnswer(503, WhyNotLeading(own) + "\n");
}

Response IsStandby(const Call& call, const Sources& sources) {
  const OwnState own = sources.own->Get();
  if (own.LeadsAt(call.now) != nullptr) return ProbeAnswer(503, "it leads\n");
  if (!own.place || own.leadership) return ProbeAnswer(503, WhyNotLeading(own) + "\n");
  // Of a place that waits there is no deadline to go by; without etcd's word it may be gone.
  if (!sources.views.freshness().FreshAt(call.now)) {
    return ProbeAnswer(503, "this process has not heard from etcd for too long\n");
  }
  return ProbeAnswer(200, "it stands by\n");
}

std::string_view StateName(const OwnState& own, const Leadership* leads) {
  if (leads != nullptr) return "leading";
  if (own.leadership) return "lost";
  if (!own.not_queued.empty()) return "out";
  return own.place ? "queued" : "joining";
}

int64_t MillisecondsUntil(MonotonicTime then, MonotonicTime now) {
  return std::chrono::duration_cast<Milliseconds>(then - now).count();
}

Response State(const Call& call, const Sources& sources) {
  if (!ChooseType(call.request.accept, kStateTypes)) return NotAcceptable(kStateTypes);
  const OwnState own = sources.own->Get();
  const Leadership* leads = own.LeadsAt(call.now);
  const Freshness freshness = sources.views.freshness();
  const auto leader = LeaderName(own, sources.views, freshness, call.now);
  Json json = {{"election", own.election},
               {"id", own.id},
               {"state", StateName(own, leads)},
               {"leads", leads != nullptr},
               {"fencingToken", nullptr},
               {"validForMs", 0},
               {"key", nullptr},
               {"lease", nullptr}};
  if (leads != nullptr) {
    json["fencingToken"] = leads->token.value;
    json["validForMs"] = MillisecondsUntil(leads->valid_until, call.now);
    json["key"] = leads->key;
    json["lease"] = leads->lease.Hex();
  } else if (own.place) {
    json["key"] = own.place->key;
    json["lease"] = own.place->lease.Hex();
  }
  if (!own.not_queued.empty()) json["why"] = own.not_queued;
  json["leader"] = leader && !leader->empty() ? Json(*leader) : Json(nullptr);
  json["stale"] = !freshness.FreshAt(call.now);
  if (own.application) {
    json["health"] = {{"target", own.application->target}, {"well", own.application->well}};
    if (!own.application->well) json["health"]["why"] = own.application->why;
  }
  Response response = JsonOk(Dump(json));
  // It holds for this moment alone.
  response.headers = {{"Cache-Control", "no-store"}};
  return response;
}

}  // namespace

std::vector<Route> OwnCalls(const Sources& sources) {
  std::vector<Route> routes = {
      {.method = "GET",
       .pattern = "/",
       .parameters = {},
       .what = "who leads: {\"name\": ID}, \"\" for nobody (Accept: text/plain: the id alone)",
       .handler = [&sources](const Call& call) { return Name(call, sources); }},
      {.method = "GET",
       .pattern = "/leader",
       .parameters = {},
       .what = "200 while this candidate leads, by its own deadline, else 503",
       .handler = [&sources](const Call& call) { return IsLeader(call, sources); }},
      {.method = "GET",
       .pattern = "/standby",
       .parameters = {},
       .what = "200 while this candidate waits in the queue, else 503",
       .handler = [&sources](const Call& call) { return IsStandby(call, sources); }},
      {.method = "GET",
       .pattern = "/v1/candidate",
       .parameters = {},
       .what = "this candidate: its state, fencing token, validForMs, health",
       .handler = [&sources](const Call& call) { return State(call, sources); }}};
  std::ranges::move(ProbeCalls(sources), std::back_inserter(routes));
  return routes;
}

}  // namespace bellwether::http
