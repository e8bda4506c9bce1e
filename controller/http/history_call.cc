#include "http/history_call.h"

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "http/answers.h"
#include "http/common_answers.h"
#include "http/election_call.h"
#include "http/negotiation.h"

namespace bellwether::http {

Response HistoryOf(const Call& call, const Sources& sources) {
  if (!ChooseType(call.request.accept, {kJson})) return NotAcceptable({kJson});
  const auto name = NameIn(call);
  if (!name) return InvalidName(name.error());
  size_t limit = election::History::kMaxChanges;
  if (auto wrong = ReadLimit(call, limit, &limit)) return *std::move(wrong);
  // In this order: each is then at least as new as the one before says.
  const election::Freshness freshness = sources.views.freshness();
  const election::ElectionPtr view = sources.views.Find(name->ns, name->name);
  if (!freshness.loaded || view == nullptr) return UnknownElection(*name, freshness);
  BW_CHECK(sources.history != nullptr);
  const election::PastChanges past = sources.history->Of(*view, limit);
  Response response = JsonOk(Dump(HistoryAnswer(*view, past, freshness, call.now)));
  response.headers.push_back(StaleHeader(freshness, call.now));
  return response;
}

}  // namespace bellwether::http
