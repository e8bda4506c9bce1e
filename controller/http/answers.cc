#include "http/answers.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/utf8.h"
#include "http/text.h"

namespace bellwether::http {
namespace {

using election::CandidateView;
using election::ElectionView;
using election::Freshness;

Json TextOrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json TimeOrNull(const std::optional<WallTime>& time) {
  return time && *time != WallTime() ? Json(Rfc3339(*time)) : Json(nullptr);
}

Json MillisecondsOrNull(const std::optional<Milliseconds>& ms) {
  return ms ? Json(ms->count()) : Json(nullptr);
}

// A cut may have gone through a character; its first bytes are left out then.
std::string_view WholeCharacters(std::string_view bytes, bool cut) {
  const size_t end = Utf8Prefix(bytes);
  return cut && bytes.size() - end < 4 ? bytes.substr(0, end) : bytes;
}

// An object with room for its members. They are set one by one: an initializer list would first make
// an array of each pair, a fifth of an answer's cost.
Json ObjectOf(size_t members) {
  Json json = Json::object();
  json.get_ref<Json::object_t&>().reserve(members);
  return json;
}

void AddBytes(Json& json, const char* name, std::string_view bytes) {
  if (Utf8Prefix(bytes) == bytes.size()) {
    json[name] = bytes;
  } else {
    json[name] = nullptr;
    json[std::string(name) + "Base64"] = Base64(bytes);
  }
}

Json Candidate(const CandidateView& candidate) {
  Json json = ObjectOf(8);
  json["id"] = candidate.id;
  json["address"] = TextOrNull(candidate.address);
  AddBytes(json, "value", WholeCharacters(candidate.value, candidate.value_cut));
  if (candidate.value_cut) json["valueCut"] = true;
  AddBytes(json, "key", candidate.key);
  json["lease"] = candidate.lease ? Json(candidate.lease.Hex()) : Json(nullptr);
  return json;
}

Json TokenOrNull(const CandidateView* leader) {
  return leader != nullptr ? Json(leader->create_revision.value) : Json(nullptr);
}

Json Place(const CandidateView& candidate) {
  Json json = Candidate(candidate);
  json["createRevision"] = candidate.create_revision.value;
  json["foreign"] = !candidate.ours;
  return json;
}

std::string_view StateOf(const ElectionView& view) {
  return view.leader() != nullptr ? "led" : "vacant";
}

}  // namespace

void AddFreshness(Json& json, const Freshness& freshness, MonotonicTime now) {
  json["asOf"] = TimeOrNull(freshness.as_of_wall);
  json["stale"] = !freshness.FreshAt(now);
  if (freshness.tokens_invalid) json["tokensInvalid"] = true;
}

Json LeaderAnswer(const ElectionView& view, const Freshness& freshness, MonotonicTime now) {
  const CandidateView* leader = view.leader();
  Json json = ObjectOf(16);
  json["election"] = view.ns + "/" + view.name;
  json["leader"] = leader != nullptr ? Candidate(*leader) : Json(nullptr);
  json["fencingToken"] = TokenOrNull(leader);
  json["since"] = TimeOrNull(view.leader_since);
  json["sinceIsLowerBound"] = view.since_is_lower_bound;
  json["vacantSince"] = TimeOrNull(view.vacant_since);
  json["transitions"] = view.transitions;
  json["candidates"] = view.queue.size();
  json["validForMs"] = nullptr;  // this replica renews no lease
  json["revision"] = view.last_change.value;
  AddFreshness(json, freshness, now);
  return json;
}

Json LinearizableAnswer(const election::ElectionName& name, const ElectionView* view,
                        const Freshness& freshness, const LinearizableLeader& read) {
  const CandidateView* leader = read.leader ? &*read.leader : nullptr;
  const bool known = view != nullptr && leader != nullptr && view->leader() != nullptr &&
                     view->leader()->create_revision == leader->create_revision;
  const bool vacant = view != nullptr && leader == nullptr && view->leader() == nullptr;
  Json json{{"election", name.str()},
            {"leader", leader != nullptr ? Candidate(*leader) : Json(nullptr)},
            {"fencingToken", TokenOrNull(leader)},
            {"since", known ? TimeOrNull(view->leader_since) : Json(nullptr)},
            {"sinceIsLowerBound", known && view->since_is_lower_bound},
            {"vacantSince", vacant ? TimeOrNull(view->vacant_since) : Json(nullptr)},
            {"transitions", view != nullptr ? view->transitions : 0},
            {"candidates", known || vacant ? Json(view->queue.size()) : Json(nullptr)},
            {"validForMs", nullptr},
            {"leaseTtlMs", MillisecondsOrNull(read.lease_ttl)},
            {"revision", read.revision.value},
            {"asOf", TimeOrNull(read.asked_at)},
            {"stale", false}};
  if (freshness.tokens_invalid) json["tokensInvalid"] = true;
  return json;
}

std::string ElectionAnswer(const ElectionView& view, const Freshness& freshness,
                           MonotonicTime now) {
  Json json = LeaderAnswer(view, freshness, now);
  json["prefix"] = view.prefix;
  json["state"] = StateOf(view);
  json["lastFailoverMs"] = MillisecondsOrNull(view.last_failover);

  // The queue is appended as text, so that its size is known while it grows.
  std::string body = Dump(json);
  body.pop_back();
  body += ",\"queue\":[";
  size_t shown = 0;
  for (const CandidateView& candidate : view.queue) {
    const std::string place = Dump(Place(candidate));
    if (shown > 0 && body.size() + place.size() > kMaxAnswerBytes) break;
    if (shown++ > 0) body += ',';
    body += place;
  }
  body += ']';
  if (shown < view.queue.size()) body += ",\"queueCut\":true";
  body += '}';
  return body;
}

Json ListItem(const ElectionView& view) {
  const CandidateView* leader = view.leader();
  Json shown = nullptr;
  if (leader != nullptr) {
    shown = {{"id", leader->id}, {"address", TextOrNull(leader->address)}};
    AddBytes(shown, "key", leader->key);
    shown["lease"] = leader->lease ? Json(leader->lease.Hex()) : Json(nullptr);
  }
  return {{"election", view.ns + "/" + view.name},
          {"state", StateOf(view)},
          {"leader", std::move(shown)},
          {"fencingToken", TokenOrNull(leader)},
          {"since", TimeOrNull(view.leader_since)},
          {"transitions", view.transitions},
          {"candidates", view.queue.size()},
          {"revision", view.last_change.value}};
}

Json HistoryAnswer(const ElectionView& view, const election::PastChanges& past,
                   const Freshness& freshness, MonotonicTime now) {
  Json json{{"election", view.ns + "/" + view.name},
            {"changes", Json::array()},
            {"completeSince", Json(nullptr)},
            {"revision", view.last_change.value}};
  for (const election::PastChange& change : past.changes) {
    Json item{{"time", Rfc3339(change.seen.wall)},
              {"revision", change.seen.revision.value},
              {"leader", nullptr},
              {"fencingToken", nullptr},
              {"ledForMs", MillisecondsOrNull(change.led_for)},
              {"listed", change.listed}};
    if (change.token.value != 0) {
      item["leader"] = {{"id", change.id}, {"address", TextOrNull(change.address)}};
      item["fencingToken"] = change.token.value;
    }
    json["changes"].push_back(std::move(item));
  }
  json["completeSince"] = {{"time", Rfc3339(past.complete_since.wall)},
                           {"revision", past.complete_since.revision.value}};
  AddFreshness(json, freshness, now);
  return json;
}

std::string Dump(const Json& json) {
  // Whatever bytes a foreign client wrote into an id, a dump does not throw.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace bellwether::http
