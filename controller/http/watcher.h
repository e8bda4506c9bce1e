// Who waits for changes of elections, and what it is told. Plain values and one interface, between
// the hub, which knows all watchers, and the connections that they stand for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "election/name.h"
#include "election/view.h"

namespace bellwether::http {

// One event of a stream, made once and shared by everybody who is told of it.
struct Event {
  std::string election;        // "ns/name"; empty = of none
  Revision revision;           // the index of the election after it
  election::ElectionPtr view;  // what it tells; null = the election is unknown
  std::string text;            // "event: …\ndata: …\n\n", without an id
};
using EventPtr = std::shared_ptr<const Event>;

// What a watcher wants to be told.
struct Subject {
  // One election; or, without a name, all of its namespace; without both, all.
  election::ElectionName election;
  Revision after;                     // what it knows already; 0 = nothing
  std::optional<uint64_t> cluster{};  // from which it knows it, where that is known
  // ElectionView::source of what it knows, where that is known; of many, Freshness::sources.
  std::optional<uint64_t> source{};
  bool stream = false;  // wants heartbeats and freshness too

  bool many() const { return election.name.empty(); }
};

// How far a stream of many has come in what it did not know when it began.
struct Walk {
  Revision after;    // only what changed after that
  std::string last;  // the election that was looked at last; "" = none yet
  bool operator==(const Walk&) const = default;
};
struct WalkPage {
  Walk from;
  std::string last;
  bool ends = false;                         // nothing is left
  std::vector<election::ElectionPtr> views;  // a few; their text is made later
};

// What has happened, as a whole: nothing of it can be left out, but what is newer replaces what is
// older of the same election.
struct News {
  bool reset = false;            // what it knows means nothing; all that there is follows
  std::optional<WalkPage> page;  // what comes after it is asked for once this has been said
  std::vector<EventPtr> changes;
  EventPtr freshness;      // null = as it was
  bool behind = false;     // this replica does not know yet what the watcher knows
  bool caught_up = false;  // now it does
  bool beat = false;       // time for a sign of life
  Revision complete;       // every change up to here has been told by now, or is told by this
  uint64_t cluster = 0;    // whose revisions these are
  uint64_t sources = 0;    // Freshness::sources, told up to them likewise
};
using NewsPtr = std::shared_ptr<const News>;

class Watcher {
 public:
  virtual ~Watcher() = default;
  // On the hub's thread; must not block and must not call the hub.
  virtual void OnNews(NewsPtr news) = 0;
};

}  // namespace bellwether::http
