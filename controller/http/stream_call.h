// Calls that are answered by a stream of events: …/leader with Accept: text/event-stream, and
// GET /v1/watch.
#pragma once

#include <optional>

#include "election/name.h"
#include "election/view_store.h"
#include "http/router.h"

namespace bellwether::http {

// The present state of one election first, then each change. A stream of an election that is not
// known yet waits for its birth.
std::optional<Response> StreamOf(const Call& call, const election::ViewStore& views,
                                 const election::ElectionName& name);

// All elections, or those of ?namespace=: first each one, then "sync", then each change.
std::optional<Response> StreamOfMany(const Call& call, const election::ViewStore& views);

}  // namespace bellwether::http
