// What the calls about one election have in common.
#pragma once

#include "base/result.h"
#include "election/name.h"
#include "election/view.h"
#include "http/message.h"
#include "http/router.h"

namespace bellwether::http {

// The election of a pattern whose first captures are {ns} and {name}.
Result<election::ElectionName> NameIn(const Call& call);

// 400 for what NameIn refused.
Response InvalidName(const Error& error);

// For an election that nobody has seen: 404, or 503 before the first list is complete.
Response UnknownElection(const election::ElectionName& name, const election::Freshness& freshness);

// "X-Bellwether-Token"; nothing when nobody leads.
void AddTokenHeader(Response& response, const election::CandidateView* leader);

}  // namespace bellwether::http
