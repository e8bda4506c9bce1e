// The part of Connection that waits: for an answer that comes from elsewhere, for a change, and the
// change into an event stream.
#include <string>
#include <utility>

#include "base/random.h"
#include "http/connection.h"
#include "http/event_stream.h"
#include "http/problem.h"
#include "http/response_head.h"
#include "http/watch_desk.h"

namespace bellwether::http {
namespace {

// Clients that were answered together would come back together, and again after the next wait.
constexpr uint64_t kJitterParts = 16;  // of a wait that is cut off, at most one of them
constexpr int64_t kRetryMs = 1000;     // before a client opens a stream again, and as long again
constexpr uint64_t kRetryJitterMs = 4000;

uint64_t RandomBelow(uint64_t bound) {
  thread_local Random random = Random::FromEntropy();
  return random.Below(bound);
}

Milliseconds WithJitter(Milliseconds wait) {
  const auto most = static_cast<uint64_t>(wait.count()) / kJitterParts;
  return wait - Milliseconds(RandomBelow(most + 1));
}

Response TooManyWatchers(size_t limit) {
  return ToResponse({.type = kOverloaded,
                     .detail = "As many calls and streams wait for changes here as http.limits "
                               "allow: " +
                               std::to_string(limit) + ".",
                     .next = "Try another replica, or again in a second; or ask without wait.",
                     .retry_after = Milliseconds(1000)});
}

// Wakes a connection that waits for a change, by its request: it may wait for another one by then.
class Wake final : public Watcher {
 public:
  explicit Wake(std::function<void(bool behind)> run) : run_(std::move(run)) {}
  void OnNews(NewsPtr news) override { run_(news->behind); }

 private:
  const std::function<void(bool behind)> run_;
};

}  // namespace

Answer Connection::AnswerLater() {
  return [gate = state_.gate, connection = weak_from_this(),
          request = request_number_](Response response) {
    gate->Pass([&] {
      const auto self = connection.lock();
      if (self == nullptr) return;
      self->OnStrand([request, response = std::move(response)](Connection& waiting) mutable {
        waiting.OnAnswer(request, std::move(response));
      });
    });
  };
}

void Connection::WaitForAnswer() {
  stream_.ExpiresNever();
  answer_timer_.expires_after(limits_->answer_timeout);
  // The wait also keeps this connection alive.
  answer_timer_.async_wait([self = shared_from_this(), request = request_number_](ErrorCode ec) {
    if (ec) return;
    self->OnAnswer(
        request,
        ToResponse({.type = kEtcdUnavailable,
                    .detail = "There was no answer from etcd within " +
                              std::to_string(self->limits_->answer_timeout.count()) + " ms.",
                    .next = "Try again, or ask for what this replica knows by itself.",
                    .retry_after = Milliseconds(1000)}));
  });
}

void Connection::OnAnswer(uint64_t request, Response response) {
  if (!waiting_ || request != request_number_) return;  // too late, or a second one
  StopWaiting();
  Send(std::move(response));
}

// --- For a change

void Connection::AnswerOnChange(ChangeWait wait) {
  watching_ = std::make_unique<Watching>();
  watching_->wait = std::move(wait);
}

void Connection::StreamEvents(Subject subject, Response head) {
  watching_ = std::make_unique<Watching>();
  watching_->subject = std::move(subject);
  watching_->head = std::move(head);
}

void Connection::WatchOrRefuse() {
  const size_t limit = state_.limits()->watchers;
  watching_->slot = WatcherSlot(state_.watchers, limit);
  if (!watching_->slot) {
    state_.watchers_refused.fetch_add(1, std::memory_order_relaxed);
    StopWaiting();
    return Send(TooManyWatchers(limit));
  }
  if (watching_->wait) return WaitForChange();
  BecomeStream();
}

void Connection::WaitForChange() {
  const uint64_t request = request_number_;
  if (state_.draining) return OnChange(request, /*behind=*/false);
  stream_.ExpiresNever();
  answer_timer_.expires_after(WithJitter(watching_->wait->wait));
  answer_timer_.async_wait([self = shared_from_this(), request](ErrorCode ec) {
    if (!ec) self->OnChange(request, /*behind=*/false);
  });
  watching_->watcher = std::make_shared<Wake>([connection = weak_from_this(),
                                               request](bool behind) {
    const auto self = connection.lock();
    if (self == nullptr) return;
    self->OnStrand([request, behind](Connection& waiting) { waiting.OnChange(request, behind); });
  });
  state_.desk->Add(watching_->watcher, watching_->wait->subject);
  NoticeTheEnd();
}

// A client that goes, or closes its half, waits no longer. One that sends its next request already
// is not looked at again until it has been answered.
void Connection::NoticeTheEnd() {
  if (buffer_.size() == 0) buffer_.shrink_to_fit();
  stream_.WaitReadable([self = shared_from_this(), request = request_number_](ErrorCode ec) {
    if (ec || self->watching_ == nullptr || request != self->request_number_) return;
    switch (self->stream_.Peek()) {
      case Stream::Peeked::kBytes:
        return;
      case Stream::Peeked::kNothing:
        return self->NoticeTheEnd();
      case Stream::Peeked::kEnd:
        self->EndAccess(/*cut=*/true);
        self->StopWaiting();
        self->stream_.Close();
    }
  });
}

void Connection::OnChange(uint64_t request, bool behind) {
  if (watching_ == nullptr || request != request_number_) return;
  const auto answer = std::move(watching_->wait->answer);
  StopWaiting();
  Send(answer(behind, BootClock::now()));
}

void Connection::StopWaiting() {
  waiting_ = false;
  answer_timer_.cancel();
  if (watching_ == nullptr) return;
  if (watching_->watcher) {
    state_.desk->Remove(std::move(watching_->watcher));
    stream_.CancelWaits();  // the one of NoticeTheEnd
  }
  watching_.reset();
}

// The stream lives on without this connection and what it holds, which ends here.
void Connection::BecomeStream() {
  const auto watching = std::exchange(watching_, nullptr);
  waiting_ = false;
  state_.answers[2].fetch_add(1, std::memory_order_relaxed);
  std::string head =
      FormatHead(watching->head, /*keep_alive=*/false, std::chrono::system_clock::now()) +
      "retry: " + std::to_string(kRetryMs + static_cast<int64_t>(RandomBelow(kRetryJitterMs + 1))) +
      "\n\n";
  if (access_) access_->status = watching->head.status;
  EventStream::Start(std::move(stream_), state_, std::move(watching->slot), std::move(head),
                     std::move(watching->subject), std::move(access_));
}

}  // namespace bellwether::http
