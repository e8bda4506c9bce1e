// The events of streams (text/event-stream, the HTML standard's server-sent events) as text. The
// data are one line of JSON, as the leader call gives it.
#pragma once

#include <cstdint>
#include <string>

#include "election/view.h"
#include "http/watcher.h"

namespace bellwether::http {

// "leader": who leads, or that nobody does; "unknown", without a view: nobody has stood in this
// election for long, or ever.
EventPtr StateEvent(const std::string& election, const election::ElectionPtr& view,
                    const election::Freshness& freshness, MonotonicTime now);
// "freshness": whether what was told can be believed.
EventPtr FreshnessEvent(const election::Freshness& freshness, MonotonicTime now);

// The index of an election for ?index= and ids: the revision of its last known change; of one that
// is not known (null), that since which it has had no candidate.
Revision IndexOf(const election::ElectionView* view, const election::Freshness& freshness);

// Where it is served from (ElectionView::source); what is not known might come from the root.
inline uint64_t SourceOf(const election::ElectionView* view) {
  return view != nullptr ? view->source : 0;
}

// Whether a client knows more of an election than this replica, whose index of it is `index`.
bool IsBehind(Revision client, Revision index, const election::Freshness& freshness);

}  // namespace bellwether::http
