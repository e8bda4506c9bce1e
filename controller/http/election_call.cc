#include "http/election_call.h"

#include "http/blocking_call.h"
#include "http/common_answers.h"
#include "http/problem.h"

namespace bellwether::http {

using election::ElectionName;

Result<ElectionName> NameIn(const Call& call) {
  return election::ParseElectionName(call.captures[0] + "/" + call.captures[1]);
}

Response InvalidName(const Error& error) {
  return ToResponse({.type = kInvalidName,
                     .detail = error.message,
                     .next = "GET /v1/elections lists the elections that are known here."});
}

Response UnknownElection(const ElectionName& name, const election::Freshness& freshness) {
  if (!freshness.loaded) return NotLoaded();
  Response response = ToResponse(
      {.type = kUnknownElection,
       .detail = "Election " + name.str() + " is not known here.",
       .next = "GET /v1/elections lists those that are. An election becomes known when its first "
               "candidate joins."});
  response.headers.push_back(IndexHeader(nullptr, freshness));
  return response;
}

void AddTokenHeader(Response& response, const election::CandidateView* leader) {
  if (leader == nullptr) return;
  response.headers.push_back({"X-Bellwether-Token", std::to_string(leader->create_revision.value)});
}

}  // namespace bellwether::http
