// Elections as JSON. Bytes that are not UTF-8, which JSON cannot carry, stand in "valueBase64" (or
// "keyBase64") while "value" (or "key") is null.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/time.h"
#include "election/history.h"
#include "election/view.h"
#include "http/sources.h"

namespace bellwether::http {

using Json = nlohmann::ordered_json;

// An answer grows up to here, then says that it was cut: foreign clients decide how long a queue or
// a key is.
inline constexpr size_t kMaxAnswerBytes = 4 << 20;

// {"election","leader":{"id","address","value","key","lease"}|null,"fencingToken","since",
// "sinceIsLowerBound","vacantSince","transitions","candidates" (how many),"validForMs","revision",
// "asOf","stale"}. "revision" is that of the election's last known change; one of "since" and
// "vacantSince" is null, both are before the first leader.
// "tokensInvalid": true is there only when it is true; "valueCut": true in "leader" likewise.
Json LeaderAnswer(const election::ElectionView& view, const election::Freshness& freshness,
                  MonotonicTime now);

// The same from a linearizable read: "revision" is that of etcd's answer, and "leaseTtlMs" is
// added. `view` (null = unknown here) tells since when, after how many transitions and in front of
// how many candidates, if it knows that leader.
Json LinearizableAnswer(const election::ElectionName& name, const election::ElectionView* view,
                        const election::Freshness& freshness, const LinearizableLeader& read);

// The leader answer, and "prefix", "state", "lastFailoverMs", "queue". A queue beyond
// kMaxAnswerBytes is shown as far as it fits, with "queueCut": true.
std::string ElectionAnswer(const election::ElectionView& view, const election::Freshness& freshness,
                           MonotonicTime now);

// One line of the list: no values, as a page may hold a thousand.
Json ListItem(const election::ElectionView& view);

// {"election","changes":[{"time","revision","leader":{"id","address"}|null,"fencingToken","ledForMs",
// "listed"}],"completeSince":{"time","revision"},"revision","asOf","stale"}, the newest change
// last.
Json HistoryAnswer(const election::ElectionView& view, const election::PastChanges& past,
                   const election::Freshness& freshness, MonotonicTime now);

// "asOf", "stale" and, only when true, "tokensInvalid".
void AddFreshness(Json& json, const election::Freshness& freshness, MonotonicTime now);

// The bytes of an answer. Never throws for what it holds.
std::string Dump(const Json& json);

}  // namespace bellwether::http
