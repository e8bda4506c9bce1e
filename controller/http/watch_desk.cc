#include "http/watch_desk.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace bellwether::http {

WatchDesk::WatchDesk(asio::io_context& io, const election::ViewStore& views)
    : strand_(asio::make_strand(io)),
      // On the shard's thread, which must not wait for us: it posts and goes on.
      feed_(std::make_shared<election::ChangeFeed>(
          [this] { asio::post(strand_, [this] { hub_.Round(BootClock::now()); }); })),
      tick_(strand_),
      hub_(views, *feed_) {
  views.Attach(feed_);
}

WatchDesk::~WatchDesk() { feed_->Close(); }

void WatchDesk::Add(std::shared_ptr<Watcher> watcher, Subject subject) {
  asio::post(strand_, [this, watcher = std::move(watcher), subject = std::move(subject)]() mutable {
    hub_.Add(BootClock::now(), std::move(watcher), std::move(subject));
    if (!std::exchange(ticking_, true)) TickLater();
  });
}

void WatchDesk::Ask(std::shared_ptr<Watcher> watcher, Outbox::Want want) {
  asio::post(strand_, [this, watcher = std::move(watcher), want = std::move(want)] {
    hub_.Ask(BootClock::now(), watcher.get(), want);
  });
}

void WatchDesk::Remove(std::shared_ptr<Watcher> watcher) {
  asio::post(strand_, [this, watcher = std::move(watcher)] { hub_.Remove(watcher.get()); });
}

void WatchDesk::TickLater() {
  tick_.expires_after(WatchHub::kTick);
  tick_.async_wait([this](ErrorCode ec) {
    if (ec) return;
    hub_.Tick(BootClock::now());
    ticking_ = !hub_.empty();
    if (ticking_) TickLater();
  });
}

}  // namespace bellwether::http
