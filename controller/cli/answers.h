// What the reading subcommands print, whoever told it: etcd or a controller.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "election/history.h"
#include "election/view.h"

namespace bellwether::cli {

// When it was so. From etcd it is never stale; a controller says whether its view is.
struct Moment {
  Revision revision;
  WallTime as_of;
  bool stale = false;
};

// One election with its queue, or with the first place alone.
struct ElectionAnswer {
  election::ElectionPtr view;
  Moment moment;
};

// One election as `get` shows it.
struct Summary {
  std::string election;  // NS/NAME
  std::optional<election::CandidateView> leader;
  std::optional<size_t> candidates;  // nullopt = not told
  Revision last_change;
};

struct ListAnswer {
  std::vector<Summary> elections;
  Moment moment;
};

// The last changes of leader, which only a controller tells.
struct HistoryAnswer {
  std::vector<election::PastChange> changes;  // the newest last
  // Every change after it is among them; nullopt = the controller does not know the election.
  std::optional<election::Seen> complete_since;
  Moment moment;
};

}  // namespace bellwether::cli
