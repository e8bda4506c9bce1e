// The hub on the server's threads: hears from the store's feed and the clock, one thing at a time.
//
// Owner:  the server. Destroyed after the server's threads have ended and before their io_context.
// Thread: Add and Remove any.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <memory>

#include "base/time.h"
#include "election/change_feed.h"
#include "election/view_store.h"
#include "http/outbox.h"
#include "http/socket.h"
#include "http/watch_hub.h"

namespace bellwether::http {

class WatchDesk {
 public:
  WatchDesk(asio::io_context& io, const election::ViewStore& views);
  ~WatchDesk();
  WatchDesk(const WatchDesk&) = delete;
  WatchDesk& operator=(const WatchDesk&) = delete;

  void Add(std::shared_ptr<Watcher> watcher, Subject subject);
  // Of a stream of many: is told of it, soon.
  void Ask(std::shared_ptr<Watcher> watcher, Outbox::Want want);
  // May still be told of what was under way.
  void Remove(std::shared_ptr<Watcher> watcher);

 private:
  using Clock = std::chrono::steady_clock;

  void TickLater();

  const Strand strand_;
  const std::shared_ptr<election::ChangeFeed> feed_;
  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Strand> tick_;
  bool ticking_ = false;
  WatchHub hub_;
};

}  // namespace bellwether::http
