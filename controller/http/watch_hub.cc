#include "http/watch_hub.h"

#include <algorithm>
#include <utility>

#include "http/events.h"

namespace bellwether::http {

using election::ElectionPtr;
using election::Freshness;

namespace {

// etcd itself, which was asked since, is not as far as what a client knows.
bool IsOfAnotherHistory(Revision client, const Freshness& freshness, MonotonicTime now) {
  return freshness.FreshAt(now) && client > freshness.newest;
}

// Stale, tokens invalid.
std::pair<bool, bool> Told(const Freshness& freshness, MonotonicTime now) {
  return {!freshness.FreshAt(now), freshness.tokens_invalid};
}

}  // namespace

WatchHub::WatchHub(const election::ViewStore& views, election::ChangeFeed& feed, Portions portions)
    : views_(views), feed_(feed), portions_(portions), history_(views.freshness().history) {}

bool WatchHub::Concerns(const std::string& ns, const std::string& election) {
  return ns.empty() || (election.starts_with(ns) && election[ns.size()] == '/');
}

ElectionPtr WatchHub::Find(const std::string& election) const {
  const size_t slash = election.find('/');
  return views_.Find(election.substr(0, slash), election.substr(slash + 1));
}

void WatchHub::Add(MonotonicTime now, std::shared_ptr<Watcher> watcher, Subject subject) {
  if (entries_.empty()) told_freshness_ = Told(views_.freshness(), now);
  const Watcher* key = watcher.get();
  Entry& entry = entries_[key];
  entry.watcher = std::move(watcher);
  entry.subject = std::move(subject);
  if (entry.subject.stream) {
    entry.slot = next_slot_++ % beats_.size();
    entry.beat_place = beats_[entry.slot].insert(beats_[entry.slot].end(), &entry);
  }
  Settle(entry, now, /*waited=*/false);
}

void WatchHub::Remove(const Watcher* watcher) {
  const auto found = entries_.find(watcher);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  Leave(entry);
  behind_.erase(&entry);
  told_behind_.erase(&entry);
  if (entry.subject.stream) beats_[entry.slot].erase(entry.beat_place);
  entries_.erase(found);
}

void WatchHub::Join(Entry& entry, std::unordered_map<std::string, Entries>& lists,
                    const std::string& key) {
  if (entry.here != nullptr) return;
  entry.here = &lists[key];
  entry.place = entry.here->insert(entry.here->end(), &entry);
}

void WatchHub::Leave(Entry& entry) {
  if (entry.here == nullptr) return;
  entry.here->erase(entry.place);
  if (!entry.here->empty()) return;
  if (entry.subject.many()) {
    of_namespace_.erase(entry.subject.election.ns);
  } else {
    of_election_.erase(entry.subject.election.str());
  }
}

// Tells a watcher what it lacks now, and has it told of what comes after. One that knows more than
// this replica waits, until it has `waited` in vain.
void WatchHub::Settle(Entry& entry, MonotonicTime now, bool waited) {
  if (entry.subject.many()) {
    SettleMany(entry, now, waited);
  } else {
    SettleOne(entry, now, waited);
  }
}

void WatchHub::WaitToCatchUp(Entry& entry, MonotonicTime now) {
  behind_.try_emplace(&entry, now + (entry.subject.stream ? kStreamCatchUp : kCatchUp));
}

void WatchHub::SettleOne(Entry& entry, MonotonicTime now, bool waited) {
  Subject& subject = entry.subject;
  const std::string election = subject.election.str();
  Join(entry, of_election_, election);
  // The freshness is read first: what is published is then at least as new as it says.
  const Freshness freshness = views_.freshness();
  const ElectionPtr view = views_.Find(subject.election.ns, subject.election.name);
  const Revision index = IndexOf(view.get(), freshness);
  const bool behind = IsBehind(subject.after, index, freshness);
  if (behind && !waited) return WaitToCatchUp(entry, now);
  behind_.erase(&entry);
  const uint64_t source = SourceOf(view.get());
  // Who comes without a position is told at once, also while a new history has no revision yet.
  const bool told_nothing = subject.after == Revision{} && !subject.source;
  const bool knows = index <= subject.after && subject.source.value_or(source) == source;
  subject.source = source;
  if (knows && !behind && !told_nothing) return;
  News news = Empty();
  news.cluster = freshness.cluster_id;
  news.complete = freshness.revision;
  news.changes = {StateEvent(election, view, freshness, now)};
  if (behind) SayBehind(entry, news, freshness, now);
  subject.after = index;
  entry.watcher->OnNews(std::make_shared<const News>(std::move(news)));
}

// Unless what the watcher knows is of another history: etcd itself is not there yet.
void WatchHub::SayBehind(Entry& entry, News& news, Freshness freshness, MonotonicTime now) {
  if (!entry.subject.stream) {
    news.behind = true;
    return;
  }
  if (IsOfAnotherHistory(entry.subject.after, freshness, now)) return;
  told_behind_[&entry] = entry.subject.after;
  freshness.watching = false;
  news.behind = true;
  news.freshness = FreshnessEvent(freshness, now);
}

void WatchHub::TellWhoHasCaughtUp(const Freshness& freshness, MonotonicTime now) {
  std::vector<Entry*> caught_up;
  for (const auto& [entry, knows] : told_behind_) {
    if (knows <= freshness.revision || IsOfAnotherHistory(knows, freshness, now)) {
      caught_up.push_back(entry);
    }
  }
  if (caught_up.empty()) return;
  News news = Empty();
  news.caught_up = true;
  news.freshness = FreshnessEvent(freshness, now);
  const auto shared = std::make_shared<const News>(std::move(news));
  for (Entry* entry : caught_up) {
    told_behind_.erase(entry);
    entry->watcher->OnNews(shared);
  }
}

// News of nothing, as far as everybody has been told.
News WatchHub::Empty() const {
  News news;
  news.complete = complete_;
  news.cluster = cluster_;
  news.sources = sources_;
  return news;
}

// What was read from the store since these were read is of these and no others.
uint64_t WatchHub::SourcesIfStill(uint64_t sources) const {
  return views_.freshness().sources == sources ? sources : election::kSourcesChange;
}

WalkPage WatchHub::NextPage(const std::string& ns, const Walk& from) const {
  const size_t most = from.after ? portions_.looked_at : portions_.page;
  WalkPage page{.from = from, .last = from.last, .ends = false, .views = {}};
  const auto found = views_.List(ns, from.last, most);
  for (const ElectionPtr& view : found) {
    if (page.views.size() == portions_.page) return page;
    page.last = view->ns + "/" + view->name;
    if (view->last_change > from.after) page.views.push_back(view);
  }
  page.ends = found.size() < most;
  return page;
}

bool WatchHub::MayResume(const Subject& subject, const Freshness& freshness, MonotonicTime now,
                         std::vector<EventPtr>* gone) const {
  const bool compares = subject.after && subject.after <= freshness.revision &&
                        subject.cluster.value_or(freshness.cluster_id) == freshness.cluster_id &&
                        subject.source.value_or(0) == freshness.sources &&
                        freshness.sources != election::kSourcesChange;
  if (!compares || !freshness.listed_at || subject.after < freshness.listed_at ||
      subject.after < removed_before_) {
    return false;
  }
  for (const Removed& removed : removed_) {
    if (removed.revision <= subject.after || !Concerns(subject.election.ns, removed.election)) {
      continue;
    }
    if (Find(removed.election)) continue;  // it is back
    if (gone->size() == portions_.removed) return false;
    gone->push_back(StateEvent(removed.election, nullptr, freshness, now));
  }
  return true;
}

void WatchHub::SettleMany(Entry& entry, MonotonicTime now, bool waited) {
  const Freshness freshness = views_.freshness();
  // It is told now how fresh all is, and from then on when that changes.
  TellFreshness(freshness, now);
  const Subject& subject = entry.subject;
  const std::string& ns = subject.election.ns;
  const bool behind = subject.after > freshness.revision &&
                      subject.cluster.value_or(freshness.cluster_id) == freshness.cluster_id;
  if (behind && !waited) return WaitToCatchUp(entry, now);
  behind_.erase(&entry);
  if (cluster_ == 0) {  // before the first round
    cluster_ = freshness.cluster_id;
    sources_ = freshness.sources;
  }
  News news;
  // Also for who resumes from nothing: it may have been cut before it was given its first id.
  news.reset = !MayResume(subject, freshness, now, &news.changes);
  if (news.reset) news.changes.clear();
  news.page = NextPage(ns, {.after = news.reset ? Revision{} : subject.after, .last = {}});
  news.complete = freshness.revision;
  news.cluster = freshness.cluster_id;
  news.sources = SourcesIfStill(freshness.sources);
  news.freshness = FreshnessEvent(freshness, now);
  if (behind) SayBehind(entry, news, freshness, now);
  Join(entry, of_namespace_, ns);
  entry.watcher->OnNews(std::make_shared<const News>(std::move(news)));
}

void WatchHub::Ask(MonotonicTime now, const Watcher* watcher, const Outbox::Want& want) {
  const auto found = entries_.find(watcher);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  if (want.anew) {
    entry.subject.after = want.anew->after;
    entry.subject.cluster = want.anew->cluster;
    entry.subject.source = want.anew->source;
    return SettleMany(entry, now, /*waited=*/true);
  }
  News news = Empty();
  news.page = NextPage(entry.subject.election.ns, *want.page);
  news.sources = SourcesIfStill(sources_);
  entry.watcher->OnNews(std::make_shared<const News>(std::move(news)));
}

void WatchHub::Round(MonotonicTime now) {
  // Whatever is published up to this revision is named by the feed before Take returns.
  const Freshness before = views_.freshness();
  const std::vector<std::string> changed = feed_.Take();
  const Freshness freshness = views_.freshness();
  if (freshness.history != history_) OnNewHistory(freshness);
  std::unordered_map<std::string, std::vector<EventPtr>> of_namespaces;
  for (const std::string& election : changed) {
    TellOfElection(election, freshness, now, of_namespaces);
  }
  complete_ = before.history == freshness.history ? before.revision : Revision{};
  sources_ = SourcesIfStill(before.sources);
  cluster_ = freshness.cluster_id;
  for (auto& [ns, told] : of_namespaces) {
    News news = Empty();
    news.changes = std::move(told);
    const auto shared = std::make_shared<const News>(std::move(news));
    for (Entry* entry : of_namespace_.at(ns)) entry->watcher->OnNews(shared);
  }
  TellFreshness(freshness, now);
  TellWhoHasCaughtUp(freshness, now);
  std::vector<Entry*> caught_up;
  for (const auto& [entry, until] : behind_) {
    if (entry->subject.after <= freshness.revision) caught_up.push_back(entry);
  }
  for (Entry* entry : caught_up) Settle(*entry, now, /*waited=*/false);
}

void WatchHub::TellOfElection(
    const std::string& election, const Freshness& freshness, MonotonicTime now,
    std::unordered_map<std::string, std::vector<EventPtr>>& of_namespaces) {
  const ElectionPtr view = Find(election);
  const Revision index = IndexOf(view.get(), freshness);
  const uint64_t source = SourceOf(view.get());
  if (!view) NoteRemoved(election, index);
  EventPtr event;
  const auto state = [&] {
    if (!event) event = StateEvent(election, view, freshness, now);
    return event;
  };
  if (const auto waiting = of_election_.find(election); waiting != of_election_.end()) {
    NewsPtr news;
    for (Entry* entry : waiting->second) {
      // One that is served from elsewhere now has changed, whatever its index; who waits for this
      // replica to catch up hears of it then.
      const bool moved = entry->subject.source != source && !behind_.contains(entry);
      if (index <= entry->subject.after && !moved) continue;
      if (!news) {
        News made = Empty();
        made.changes = {state()};
        news = std::make_shared<const News>(std::move(made));
      }
      entry->subject.after = index;
      entry->subject.source = source;
      behind_.erase(entry);
      entry->watcher->OnNews(news);
    }
  }
  for (const std::string& ns : {std::string(), election.substr(0, election.find('/'))}) {
    if (of_namespace_.contains(ns)) of_namespaces[ns].push_back(state());
  }
}

void WatchHub::NoteRemoved(const std::string& election, Revision at) {
  removed_.push_back({election, at});
  if (removed_.size() <= kMaxRemoved) return;
  removed_before_ = removed_.front().revision;
  removed_.pop_front();
}

// Nothing that was known before compares with what comes: everybody is told all of it.
void WatchHub::OnNewHistory(const Freshness& freshness) {
  history_ = freshness.history;
  removed_.clear();
  removed_before_ = Revision{};
  for (auto& [election, entries] : of_election_) {
    for (Entry* entry : entries) entry->subject.after = Revision{};
  }
  for (auto& [entry, knows] : told_behind_) knows = Revision{};
  for (auto& [ns, entries] : of_namespace_) {
    News news;
    news.reset = true;
    news.page = NextPage(ns, {});
    news.cluster = freshness.cluster_id;
    news.sources = SourcesIfStill(freshness.sources);
    const auto shared = std::make_shared<const News>(std::move(news));
    for (Entry* entry : entries) entry->watcher->OnNews(shared);
  }
}

void WatchHub::TellFreshness(const Freshness& freshness, MonotonicTime now) {
  const auto state = Told(freshness, now);
  if (std::exchange(told_freshness_, state) == state) return;
  News made = Empty();
  made.freshness = FreshnessEvent(freshness, now);
  const auto news = std::make_shared<const News>(std::move(made));
  for (const Entries& entries : beats_) {
    for (Entry* entry : entries) entry->watcher->OnNews(news);
  }
}

void WatchHub::Tick(MonotonicTime now) {
  const Freshness freshness = views_.freshness();
  TellFreshness(freshness, now);
  std::vector<Entry*> late;
  for (const auto& [entry, until] : behind_) {
    if (until <= now) late.push_back(entry);
  }
  for (Entry* entry : late) Settle(*entry, now, /*waited=*/true);
  beat_ = (beat_ + 1) % beats_.size();
  if (beats_[beat_].empty()) return;
  News made = Empty();
  made.beat = true;
  const auto news = std::make_shared<const News>(std::move(made));
  for (Entry* entry : beats_[beat_]) entry->watcher->OnNews(news);
}

}  // namespace bellwether::http
