// GET /: the list of calls, for a browser the page; or the old leader-elector sidecar's answer, so
// that what was written for it goes on working.
#include <algorithm>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "http/answers.h"
#include "http/calls.h"
#include "http/common_answers.h"
#include "http/document_call.h"
#include "http/negotiation.h"
#include "http/page_answer.h"

namespace bellwether::http {
namespace {

struct Listed {
  std::string text;
  Json json;
};

Listed ListCalls(const std::vector<Route>& routes) {
  Listed listed{.text = "Bellwether: who leads, by elections on etcd. Calls:\n",
                .json = {{"calls", Json::array()}}};
  for (const Route& route : routes) {
    std::string call = std::string(route.method) + " " + std::string(route.pattern);
    for (size_t i = 0; i < route.parameters.size(); ++i) {
      call.append(i == 0 ? "[?" : "&").append(route.parameters[i]).append("=");
    }
    if (!route.parameters.empty()) call += "]";
    listed.text.append("  ").append(call).append("\n      ").append(route.what).append("\n");
    listed.json["calls"].push_back({{"call", std::move(call)}, {"what", route.what}});
  }
  return listed;
}

// With exactly one election: {"name": leader}, "" when nobody leads, as the sidecar did.
Response SidecarOrCalls(const Call& call, const election::ViewStore& views, const Json& calls) {
  const election::Freshness freshness = views.freshness();
  if (!freshness.loaded) return NotLoaded();
  const auto found = views.List("", "", 2);
  if (found.size() != 1) return JsonOk(Dump(calls));
  const election::CandidateView* leader = found.front()->leader();
  Response response = JsonOk(Dump({{"name", leader != nullptr ? leader->id : ""}}));
  response.headers.push_back(StaleHeader(freshness, call.now));
  return response;
}

}  // namespace

std::vector<Route> AllCalls(const Sources& sources, MostReads most_reads) {
  std::vector<Route> routes = ElectionCalls(sources, std::move(most_reads));
  std::ranges::move(ProbeCalls(sources), std::back_inserter(routes));
  routes.push_back(DocumentCall());
  const auto listed = std::make_shared<const Listed>(ListCalls(routes));
  routes.push_back({.method = "GET",
                    .pattern = "/",
                    .parameters = {},
                    .what = "this list; for a browser a page that shows all elections",
                    .handler = [&sources, listed](const Call& call) -> Response {
                      // Browsers ask for HTML by name; whoever takes anything is no browser.
                      const std::vector<std::string_view> offers = {kText, kJson, kHtml};
                      const auto type = ChooseType(call.request.accept, offers);
                      if (!type) return NotAcceptable(offers);
                      Response response;
                      if (*type == kHtml) {
                        response = PageAnswer(call.request);
                      } else if (*type == kJson) {
                        response = SidecarOrCalls(call, sources.views, listed->json);
                      } else {
                        response = TextOk(listed->text);
                      }
                      response.headers.push_back({"Vary", "Accept"});
                      return response;
                    }});
  return routes;
}

}  // namespace bellwether::http
