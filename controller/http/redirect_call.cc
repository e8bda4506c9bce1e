#include "http/redirect_call.h"

#include <string>

#include "http/common_answers.h"
#include "http/election_call.h"
#include "http/problem.h"
#include "http/redirect_target.h"

namespace bellwether::http {
namespace {

constexpr Milliseconds kTryAgainIn{1000};

Response NowhereToGo(ProblemType type, std::string detail, std::string next) {
  return ToResponse({.type = type,
                     .detail = std::move(detail),
                     .next = std::move(next),
                     .retry_after = kTryAgainIn});
}

}  // namespace

Response RedirectToLeader(const Call& call, const election::ViewStore& views) {
  const auto name = NameIn(call);
  if (!name) return InvalidName(name.error());
  if (!StaysBelow(call.raw_tail)) {
    return ToResponse(
        {.type = kInvalidPath,
         .detail = "The path behind /redirect/ would leave the address of the leader.",
         .next = "Send one without \".\" and \"..\" that does not begin with '/'."});
  }
  const election::Freshness freshness = views.freshness();
  const auto view = views.Find(name->ns, name->name);
  if (!freshness.loaded || view == nullptr) return UnknownElection(*name, freshness);
  const election::CandidateView* leader = view->leader();
  if (leader == nullptr) {
    return NowhereToGo(kNoLeader, "Nobody leads " + name->str() + ".", "Try again in a second.");
  }
  if (!IsRedirectBase(leader->address)) {
    return NowhereToGo(
        kNoAddress, "The leader of " + name->str() + " has registered no http or https URL.",
        "Give the candidates an address, for instance with `bellwether run --address URL`.");
  }
  Response response{
      .status = 307,
      .headers = {{"Location", RedirectTarget(leader->address, call.raw_tail, call.raw_query)},
                  {"Cache-Control", "no-store"},
                  StaleHeader(freshness, call.now)}};
  AddTokenHeader(response, leader);
  return response;
}

}  // namespace bellwether::http
