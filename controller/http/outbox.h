// What one event stream still has to say: of each election the newest state only, so that a slow
// reader gets less, never more. Pure; the connection takes a few bytes at a time and writes them.
//
// Bounds: a stream of many walks through what it did not know when it began page by page, and when
//         more waits than kMaxWaiting it forgets all of it and walks through what has changed since
//         the last that it has said.
//
// An id is what a client resumes from: everything up to it has been said by then. With one election
// it is the election's index; with many it is "REVISION-CLUSTER", and comes only where that is so.
// It does not follow from the revisions of the elections that wait: after a list they are the
// list's, and another replica may know that the change itself was before. Where explicit prefixes
// are in play, "-pFINGERPRINT" follows: the same revision says something else where others are
// served.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/watcher.h"

namespace bellwether::http {

class Outbox {
 public:
  // Elections that wait to be said, of many.
  static constexpr size_t kMaxWaiting = 1024;

  // A piece to write: own bytes, then those of an event that others share, if there is one.
  struct Piece {
    std::string own;
    EventPtr event;
  };
  // The event of an election by name; without a view it is unknown, since `absent_since` at least.
  // `behind`: News::behind.
  using Describe =
      std::function<EventPtr(const std::string& election, const election::ElectionPtr& view,
                             Revision absent_since, bool behind)>;
  // What is to be asked of the hub.
  struct Want {
    std::optional<Walk> page;     // the one after this
    std::optional<Subject> anew;  // or all that it does not know (`election`, `stream` are unset)
  };

  explicit Outbox(bool many, size_t max_waiting = kMaxWaiting)
      : many_(many), max_waiting_(max_waiting) {}

  void Take(const News& news);
  // Nothing is to be written now.
  bool empty() const;
  size_t waiting() const { return waiting_.size(); }
  // What is to be written next, until there are so many bytes; of it `events` are events.
  std::vector<Piece> Next(size_t bytes, const Describe& describe);
  // Each is said once.
  std::optional<Want> TakeWant();

 private:
  struct State {
    std::string election;
    Revision said_up_to;         // everything had been said up to here when it began to wait
    bool of_page = false;        // nothing is known to have been said of it
    election::ElectionPtr view;  // null = unknown
    EventPtr event;              // null = to be made
  };

  bool IsExpected(const News& news) const;
  void TakePage(const WalkPage& page);
  void TakeChanges(const News& news);
  bool WillBeWalked(const Event& event) const;
  void Put(State state);
  void Clear();
  bool SaysAll() const { return waiting_.empty() && !walk_ && !anew_; }
  bool MaySync() const { return sync_ && SaysAll() && complete_ != Revision{}; }
  Revision Cursor() const;
  std::string IdLine();
  std::string IdLineOf(const State& state);

  const bool many_;
  const size_t max_waiting_;
  bool reset_ = false;
  bool beat_ = false;
  bool sync_ = false;  // to be said once nothing waits
  bool behind_ = false;
  bool begun_ = false;  // a walk
  EventPtr freshness_;
  std::list<State> waiting_;  // who waits longest is first
  std::unordered_map<std::string_view, std::list<State>::iterator> by_election_;
  size_t of_pages_ = 0;           // of those that wait
  std::optional<Walk> walk_;      // while there are pages to come
  Revision walked_after_;         // of the newest walk
  bool asked_ = false;            // for the next page
  std::optional<Revision> anew_;  // what waited was forgotten; up to here all had been said
  Revision complete_;
  Revision said_;  // the newest id
  uint64_t cluster_ = 0;
  std::optional<uint64_t> sources_;  // of the ids
  uint64_t sources_next_ = 0;        // once all has been said
  bool forget_id_ = false;  // the client is to: what it is told next does not follow from its id
};

}  // namespace bellwether::http
