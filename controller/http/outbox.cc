#include "http/outbox.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace bellwether::http {
namespace {

std::string SourceMark(uint64_t source) {
  if (source == 0) return "";
  char text[20];
  std::snprintf(text, sizeof text, "-p%016llx", static_cast<unsigned long long>(source));
  return text;
}

}  // namespace

void Outbox::Take(const News& news) {
  if (news.reset) {
    Clear();
    complete_ = said_ = Revision{};
    sources_.reset();
    behind_ = false;
    sync_ = false;
    reset_ = true;
  }
  cluster_ = news.cluster;
  if (!sources_) {
    sources_ = sources_next_ = news.sources;
  } else if (news.sources != sources_next_) {
    // What is served now may be complete up to less.
    sources_next_ = news.sources;
    complete_ = said_ = Revision{};
    forget_id_ = true;
  }
  behind_ = (behind_ || news.behind) && !news.caught_up;
  if (news.page && IsExpected(news)) TakePage(*news.page);
  TakeChanges(news);
  complete_ = std::max(complete_, news.complete);
  beat_ |= news.beat;
  if (news.freshness && (!behind_ || news.behind)) freshness_ = news.freshness;
}

// Not one that was asked for before what it belongs to was given up.
bool Outbox::IsExpected(const News& news) const {
  if (!news.page->from.last.empty()) return walk_ == news.page->from;
  return news.reset || anew_ || !begun_;
}

void Outbox::TakePage(const WalkPage& page) {
  begun_ = true;
  anew_.reset();
  asked_ = false;
  walked_after_ = page.from.after;
  walk_.reset();
  if (!page.ends) walk_ = {page.from.after, page.last};
  sync_ |= page.ends;
  for (const election::ElectionPtr& view : page.views) {
    Put({.election = view->ns + "/" + view->name, .said_up_to = {}, .of_page = true, .view = view});
  }
}

void Outbox::TakeChanges(const News& news) {
  if (anew_) return;  // what is asked for is newer
  if (many_ && waiting_.size() + news.changes.size() > max_waiting_) {
    const bool walking = walk_ || of_pages_ > 0;
    const Revision said = walking ? walked_after_ : std::max(walked_after_, Cursor());
    Clear();
    anew_ = said;
    return;
  }
  for (const EventPtr& event : news.changes) {
    if (WillBeWalked(*event)) continue;
    Put({.election = event->election,
         .said_up_to = complete_,
         .view = event->view,
         .event = event});
  }
}

// The walk, when it comes there, finds what is at least as new.
bool Outbox::WillBeWalked(const Event& event) const {
  if (!walk_ || event.election <= walk_->last) return false;
  // It finds nothing of what is gone, nor of what is another election now with an older change; who
  // knew nothing needs not be told.
  return walk_->after == Revision{} || (event.view && event.revision > walk_->after);
}

void Outbox::Put(State state) {
  const auto known = by_election_.find(state.election);
  if (known != by_election_.end()) {
    known->second->view = std::move(state.view);
    known->second->event = std::move(state.event);
    return;
  }
  of_pages_ += state.of_page ? 1 : 0;
  waiting_.push_back(std::move(state));
  by_election_.emplace(waiting_.back().election, std::prev(waiting_.end()));
}

void Outbox::Clear() {
  by_election_ = {};
  waiting_.clear();
  of_pages_ = 0;
  walk_.reset();
  asked_ = false;
  anew_.reset();
}

bool Outbox::empty() const {
  return !reset_ && !beat_ && (!freshness_ || walk_) && waiting_.empty() && !MaySync();
}

// Up to where everything has been said; 0 = not known.
Revision Outbox::Cursor() const {
  if (walk_ || anew_ || of_pages_ > 0) return Revision{};
  return waiting_.empty() ? complete_ : waiting_.front().said_up_to;
}

std::string Outbox::IdLine() {
  if (SaysAll() && sources_next_ != election::kSourcesChange) sources_ = sources_next_;
  const Revision revision = sources_ == sources_next_ ? Cursor() : Revision{};
  if (revision <= said_) return std::exchange(forget_id_, false) ? "id:\n" : "";
  said_ = revision;
  forget_id_ = false;
  return "id: " + std::to_string(revision.value) + "-" + std::to_string(cluster_) +
         SourceMark(*sources_) + "\n";
}

std::string Outbox::IdLineOf(const State& state) {
  if (many_) return IdLine();
  const Revision revision = state.event->revision;
  const uint64_t source = state.view ? state.view->source : 0;
  return "id: " + std::to_string(revision.value) + SourceMark(source) + "\n";
}

std::vector<Outbox::Piece> Outbox::Next(size_t bytes, const Describe& describe) {
  std::vector<Piece> pieces;
  size_t size = 0;
  // With an id that is empty, so that a client which is cut before the next one begins anew.
  if (std::exchange(reset_, false)) {
    pieces.push_back({"id:\nevent: reset\ndata: {}\n\n", nullptr});
  }
  while (!waiting_.empty() && size < bytes) {
    by_election_.erase(waiting_.front().election);
    State state = std::move(waiting_.front());
    waiting_.pop_front();
    of_pages_ -= state.of_page ? 1 : 0;
    if (!state.event || behind_) {
      const Revision at = state.event ? state.event->revision : Revision{};
      state.event = describe(state.election, state.view, at, behind_);
    }
    size += state.event->text.size();
    std::string id = IdLineOf(state);
    pieces.push_back({std::move(id), std::move(state.event)});
  }
  if (!waiting_.empty()) return pieces;
  by_election_ = {};  // and what it took
  if (MaySync()) {
    sync_ = false;
    std::string id = IdLine();
    pieces.push_back(
        {id + "event: sync\ndata: {\"revision\":" + std::to_string(said_.value) + "}\n\n",
         nullptr});
  }
  // What a walk tells says itself whether it is stale; how fresh all is follows the sync.
  if (freshness_ && !walk_) pieces.push_back({"", std::exchange(freshness_, nullptr)});
  if (std::exchange(beat_, false) && pieces.empty()) {
    std::string id = many_ ? IdLine() : std::string();
    pieces.push_back({id + ":\n\n", nullptr});
  }
  return pieces;
}

std::optional<Outbox::Want> Outbox::TakeWant() {
  if (asked_) return std::nullopt;
  if (anew_) {
    asked_ = true;
    return Want{
        .page = {},
        .anew = Subject{.election = {}, .after = *anew_, .cluster = cluster_, .source = sources_}};
  }
  if (!walk_ || !waiting_.empty()) return std::nullopt;
  asked_ = true;
  return Want{.page = walk_, .anew = {}};
}

}  // namespace bellwether::http
