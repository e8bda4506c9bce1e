#include "http/event_stream.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "http/events.h"
#include "http/watch_desk.h"

namespace bellwether::http {
namespace {

// In flight to one client, but for the last event of them.
constexpr size_t kWriteBytes = 16 * 1024;
constexpr size_t kMaxDroppedBytes = 16 * 1024;

}  // namespace

EventStream::EventStream(Stream stream, ServerState& state, WatcherSlot slot, bool many)
    : state_(state),
      write_timeout_(state.limits()->write_timeout),
      stream_(std::move(stream)),
      slot_(std::move(slot)),
      outbox_(many) {}

EventStream::~EventStream() { state_.sessions.Remove(this); }

void EventStream::Start(Stream stream, ServerState& state, WatcherSlot slot, std::string head,
                        Subject subject, std::unique_ptr<Access> access) {
  const std::shared_ptr<EventStream> made(
      new EventStream(std::move(stream), state, std::move(slot), subject.many()));
  state.sessions.Add(made);
  made->access_ = std::move(access);
  made->head_ = std::move(head);
  made->stream_.ExpiresNever();
  made->Read();
  made->Write();
  state.desk->Add(made, std::move(subject));
  // Draining may have begun before it was known to be there.
  if (state.draining) made->Drain();
}

void EventStream::OnNews(NewsPtr news) {
  asio::post(stream_.get_executor(), [self = shared_from_this(), news = std::move(news)] {
    if (self->ended_) return;
    self->outbox_.Take(*news);
    if (!self->busy_) self->Write();
  });
}

void EventStream::Drain() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    self->draining_ = true;
    if (!self->busy_) self->End();
  });
}

void EventStream::Close() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] { self->End(); });
}

// Shows when the client goes.
void EventStream::Read() {
  stream_.async_read_some(asio::buffer(dropped_),
                          [self = shared_from_this()](ErrorCode ec, size_t bytes) {
                            self->dropped_bytes_ += bytes;
                            if (ec || self->dropped_bytes_ > kMaxDroppedBytes) return self->End();
                            if (!self->ended_) self->Read();
                          });
}

void EventStream::Write() {
  std::vector<asio::const_buffer> buffers;
  if (!head_.empty()) {
    buffers.push_back(asio::buffer(head_));
  } else {
    writing_ = outbox_.Next(kWriteBytes,
                            [this](const std::string& election, const election::ElectionPtr& view,
                                   Revision absent_since, bool behind) {
                              election::Freshness freshness = state_.sources.views.freshness();
                              freshness.absent_since = absent_since;
                              if (behind) freshness.watching = false;
                              return StateEvent(election, view, freshness, BootClock::now());
                            });
    if (auto want = outbox_.TakeWant()) state_.desk->Ask(shared_from_this(), *std::move(want));
    for (const Outbox::Piece& piece : writing_) {
      buffers.push_back(asio::buffer(piece.own));
      if (piece.event) buffers.push_back(asio::buffer(piece.event->text));
    }
  }
  if (buffers.empty()) return;
  busy_ = true;
  stream_.ExpiresAfter(write_timeout_);
  asio::async_write(stream_, buffers, [self = shared_from_this()](ErrorCode ec, size_t bytes) {
    self->OnWritten(ec, bytes);
  });
}

void EventStream::OnWritten(ErrorCode ec, size_t bytes) {
  busy_ = false;
  if (access_ && head_.empty()) access_->bytes += bytes;
  stream_.ExpiresNever();  // the client has nothing to say
  if (ec && stream_.timed_out()) state_.watchers_cut.fetch_add(1, std::memory_order_relaxed);
  const auto events = std::count_if(writing_.begin(), writing_.end(),
                                    [](const Outbox::Piece& piece) { return bool(piece.event); });
  std::vector<Outbox::Piece>().swap(writing_);
  std::string().swap(head_);
  if (ec || draining_ || ended_) return End();
  state_.events_sent.fetch_add(static_cast<uint64_t>(events), std::memory_order_relaxed);
  Write();
}

void EventStream::End() {
  if (std::exchange(ended_, true)) return;
  if (access_) LogAccess(state_.access_log, *access_, stream_.timed_out(), BootClock::now());
  stream_.Close();
  state_.desk->Remove(shared_from_this());
}

}  // namespace bellwether::http
