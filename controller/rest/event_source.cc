#include "rest/event_source.h"

#include <algorithm>
#include <utility>

namespace bellwether::rest {

EventSource::EventSource(Scheduler& scheduler, Peer peer, Request request, Options options,
                         uint64_t seed, EventHandler* handler)
    : scheduler_(scheduler),
      peer_(std::move(peer)),
      request_(std::move(request)),
      options_(options),
      handler_(handler),
      choice_(peer_.servers.size(), options.backoff, seed),
      again_(scheduler) {
  Connect();
}

void EventSource::Connect() {
  Request request = request_;
  request.headers.push_back({"Accept", "text/event-stream"});
  if (!options_.resume) last_id_.clear();
  if (!last_id_.empty()) request.headers.push_back({"Last-Event-ID", last_id_});
  parser_.emplace(options_.limits, last_id_);
  StreamHandler* const told = this;
  stream_ = std::make_unique<HttpStream>(scheduler_, peer_, choice_.current(), request,
                                         options_.stream, told);
}

void EventSource::OnBytes(std::string_view bytes) {
  const auto events = parser_->Feed(bytes);
  if (!events) {
    return OnEnd({.code = events.error().code,
                  .message = "GET " + peer_.servers[choice_.current()] + request_.path + ": " +
                             events.error().message});
  }
  last_id_ = parser_->last_id();
  if (!events->empty()) choice_.OnWorked();
  const auto alive = scope_.life();
  for (const ServerEvent& event : *events) {
    handler_->OnEvent(event);
    if (alive.expired()) return;
  }
}

void EventSource::OnEnd(const Error& why) {
  stream_.reset();
  const Milliseconds wait = choice_.OnFailed(std::max(why.retry_after, parser_->retry()));
  again_.Set(scheduler_.Now() + wait, [this] { Connect(); });
  handler_->OnInterrupted(why);
}

}  // namespace bellwether::rest
