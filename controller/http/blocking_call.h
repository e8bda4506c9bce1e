// Calls about one election that can wait for a change of it: ?wait= and ?index=.
#pragma once

#include <functional>
#include <optional>

#include "election/name.h"
#include "http/router.h"
#include "http/sources.h"

namespace bellwether::http {

// Makes the answer; nothing of the call is left then. The freshness says "stale" when this replica
// is behind what the client knows.
using AnswerNow = std::function<Response(const election::Freshness& freshness, MonotonicTime now)>;

// The answer, at once when the call asks for no wait or the election has changed after ?index=;
// else later, when it has or the time is over. Each answer tells the index for the next call.
std::optional<Response> AnswerOrWait(const Call& call, const election::ViewStore& views,
                                     const election::ElectionName& name, AnswerNow answer);

// "X-Bellwether-Index". null = unknown here.
Header IndexHeader(const election::ElectionView* view, const election::Freshness& freshness);

}  // namespace bellwether::http
