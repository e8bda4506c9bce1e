#include "sim/checker.h"

#include <algorithm>
#include <tuple>

namespace bellwether::sim {
namespace {

using namespace std::chrono_literals;

// What was confirmed kFreshFor ago, by a clock that may be a hundredth slow, may have missed events
// that etcd tells late.
constexpr Nanoseconds kOldestFresh = 3600ms;

std::string Show(int64_t number) { return std::to_string(number); }

std::string ShowQueue(const election::ElectionView& view) {
  std::string text;
  for (const election::CandidateView& candidate : view.queue) {
    text += " " + candidate.key + " (created " + Show(candidate.create_revision.value) +
            ", changed " + Show(candidate.mod_revision.value) + ")";
  }
  return text.empty() ? " empty" : text;
}

}  // namespace

Checker::Checker(World& world, SimEtcd& etcd, std::vector<Election> elections)
    : world_(world),
      etcd_(etcd),
      elections_(std::move(elections)),
      leaders_(elections_.size()),
      changes_(elections_.size()),
      last_token_(elections_.size()),
      seen_(elections_.size()),
      outdated_since_(elections_.size()) {
  etcd_.OnAheadRead([this](const SimEtcd::From& from, const std::string& begin) {
    OnAheadRead(from.client, begin);
  });
  etcd_.OnCommit([this](int64_t revision, Origin origin) { OnCommit(revision, origin); });
}

void Checker::Fail(const std::string& what) {
  if (!violation_) violation_ = what;
}

void Checker::OnCampaign(int client, size_t election) {
  parts_[{client, election}].campaigning = true;
}

void Checker::OnReleased(int client, size_t election) {
  parts_[{client, election}].released_at = world_.now();
}

void Checker::OnResign(int client, size_t election) {
  parts_[{client, election}].campaigning = false;
  OnReleased(client, election);
}

void Checker::OnRestored(int64_t revision) {
  between_histories_ = true;
  places_.erase(places_.upper_bound(revision), places_.end());
  excused_.clear();
  seen_first_.clear();
  for (size_t e = 0; e < elections_.size(); ++e) {
    std::erase_if(changes_[e], [revision](int64_t r) { return r > revision; });
    const auto* first = etcd_.store().First(elections_[e].begin(), elections_[e].end());
    leaders_[e] = first ? first->create_revision() : 0;
  }
}

void Checker::OnSettledAgain() {
  between_histories_ = false;
  last_token_ = leaders_;
  ForgetViews();
}

void Checker::OnElected(int client, size_t election, FencingToken token) {
  ++elected_;
  world_.Note(static_cast<uint64_t>(token.value));
  if (between_histories_) return;
  if (token.value <= last_token_[election] && !Excused(token.value)) {
    Fail("client " + Show(client) + " was handed token " + Show(token.value) + " of " +
         elections_[election].prefix + " after token " + Show(last_token_[election]));
  }
  if (!seen_first_.contains(token.value)) {
    Fail("client " + Show(client) + " was told to lead " + elections_[election].prefix +
         " with token " + Show(token.value) +
         ", but at none of its reads that key was there and the first one");
  }
  last_token_[election] = std::max(last_token_[election], token.value);
}

void Checker::OnAheadRead(int client, const std::string& begin) {
  const auto election = ElectionOf(begin);
  if (election && leading_client(*election) == client) seen_first_.insert(leaders_[*election]);
}

void Checker::Acts(int client, size_t election, FencingToken token) {
  if (leaders_[election] == token.value || between_histories_) return;
  if (Excused(token.value)) {
    ++excused_steps_;
    return;
  }
  Fail("client " + Show(client) + " acts in " + elections_[election].prefix + " with token " +
       Show(token.value) + " while the leader's key in etcd has " + Show(leaders_[election]));
}

std::optional<size_t> Checker::ElectionOf(const std::string& key) const {
  for (size_t e = 0; e < elections_.size(); ++e) {
    if (key.starts_with(elections_[e].begin())) return e;
  }
  return std::nullopt;
}

void Checker::OnCommit(int64_t revision, Origin origin) {
  committed_at_[revision] = world_.now();
  for (const mvccpb::Event& event : etcd_.store().At(revision)) {
    const mvccpb::KeyValue& kv = event.kv();
    const auto election = ElectionOf(kv.key());
    if (!election) continue;
    if (changes_[*election].empty() || changes_[*election].back() != revision) {
      changes_[*election].push_back(revision);
    }
    if (event.type() == mvccpb::Event::PUT) {
      if (kv.create_revision() == revision) {
        const int client = origin.kind == Origin::Kind::kClient ? origin.client : 0;
        places_[revision][kv.key()] = {client, etcd_.GrantedAt(kv.lease()).value_or(world_.now())};
      }
      continue;
    }
    const auto before = etcd_.store().Snapshot(kv.key(), "", revision - 1);
    if (!before.empty()) {
      OnRemoved(*election, kv.key(), before.front().create_revision(), origin);
    }
  }
  for (size_t e = 0; e < elections_.size(); ++e) {
    if (changes_[e].empty() || changes_[e].back() != revision) continue;
    const auto* first = etcd_.store().First(elections_[e].begin(), elections_[e].end());
    leaders_[e] = first ? first->create_revision() : 0;
    if (!outdated_since_[e]) outdated_since_[e] = world_.now();
    // An election that is not published is right as long as nobody is in its queue.
    if (!seen_[e] && leaders_[e] == 0) outdated_since_[e].reset();
  }
}

void Checker::OnRemoved(size_t election, const std::string& key, int64_t create_revision,
                        Origin origin) {
  const Place place = places_[create_revision][key];
  if (origin.kind == Origin::Kind::kForeign) {
    excused_.insert(create_revision);
    return;
  }
  if (origin.kind == Origin::Kind::kExpiry || between_histories_) return;
  const std::string what = "client " + Show(origin.client) + " removed " + key + " (created at " +
                           Show(create_revision) + ")";
  if (place.client != origin.client) {
    return Fail(what + ", a place that it had not made");
  }
  const Part& part = parts_[{origin.client, election}];
  // A join that was under way may arrive after its user has resigned; its lease was granted before.
  if (part.campaigning && part.released_at < place.lease_granted_at) {
    Fail(what + " although its user had not given it up and it was not lost");
  }
}

std::optional<int> Checker::leading_client(size_t election) const {
  const auto places = places_.find(leaders_[election]);
  if (leaders_[election] == 0 || places == places_.end()) return std::nullopt;
  for (const auto& [key, place] : places->second) {
    if (place.client != 0 && ElectionOf(key) == election) return place.client;
  }
  return std::nullopt;
}

std::vector<Checker::OwnPlace> Checker::PlacesIn(size_t election) const {
  std::vector<OwnPlace> own;
  for (const mvccpb::KeyValue& kv : etcd_.store().Snapshot(
           elections_[election].begin(), elections_[election].end(), etcd_.store().revision())) {
    const auto places = places_.find(kv.create_revision());
    if (places == places_.end()) continue;
    const auto place = places->second.find(kv.key());
    if (place != places->second.end() && place->second.client != 0) {
      own.push_back({place->second.client, kv.lease()});
    }
  }
  return own;
}

// --- Views

void Checker::ForgetViews() {
  seen_.assign(elections_.size(), nullptr);
  outdated_since_.assign(elections_.size(), std::nullopt);
}

bool Checker::SameQueue(const election::ElectionView& view, size_t election,
                        int64_t revision) const {
  auto queue =
      etcd_.store().Snapshot(elections_[election].begin(), elections_[election].end(), revision);
  std::sort(queue.begin(), queue.end(), [](const auto& a, const auto& b) {
    return std::tuple(a.create_revision(), a.key()) < std::tuple(b.create_revision(), b.key());
  });
  return std::equal(queue.begin(), queue.end(), view.queue.begin(), view.queue.end(),
                    [](const mvccpb::KeyValue& kv, const election::CandidateView& candidate) {
                      return kv.key() == candidate.key && kv.lease() == candidate.lease.value &&
                             kv.create_revision() == candidate.create_revision.value &&
                             kv.mod_revision() == candidate.mod_revision.value;
                    });
}

// When the view was last right: a queue that somebody came into and left again is what it was
// before, so the newest revision that fits counts. False when none does.
bool Checker::Dates(size_t election, const election::ElectionView& view) {
  const auto& changes = changes_[election];
  auto next = changes.end();
  for (;;) {
    const bool first = next == changes.begin() || *std::prev(next) <= view.last_change.value;
    if (SameQueue(view, election, first ? view.last_change.value : *std::prev(next))) {
      outdated_since_[election].reset();
      if (next != changes.end()) outdated_since_[election] = committed_at_.at(*next);
      return true;
    }
    if (first) return false;
    --next;
  }
}

// After a new list the last known change may be older than a change that came and went unseen, so
// any later revision may be the one that is shown.
void Checker::CheckView(size_t election, const election::ElectionPtr& view) {
  ++views_checked_;
  const int64_t shown = view->last_change.value;
  if (shown > etcd_.store().revision()) {
    return Fail(elections_[election].prefix + " was published with revision " + Show(shown) +
                ", newer than etcd's " + Show(etcd_.store().revision()));
  }
  if (seen_[election] && seen_[election]->last_change.value > shown) {
    return Fail("the view of " + elections_[election].prefix + " went back from revision " +
                Show(seen_[election]->last_change.value) + " to " + Show(shown));
  }
  if (Dates(election, *view)) return;
  Fail("the published queue of " + elections_[election].prefix + " (last change " + Show(shown) +
       ") was never etcd's: it is" + ShowQueue(*view));
}

// A client that has seen a revision waits for what comes after it, at any replica that is complete
// up to it: whatever happened before must show.
void Checker::CheckComplete(size_t election, const election::ElectionView& view, int64_t complete) {
  const auto& changes = changes_[election];
  const auto after = std::upper_bound(changes.begin(), changes.end(), complete);
  if (after == changes.begin() || *std::prev(after) <= view.last_change.value) return;
  Fail("the view of " + elections_[election].prefix + " is called complete up to revision " +
       Show(complete) + ", but it lacks the change of revision " + Show(*std::prev(after)));
}

void Checker::CheckAge(size_t election) {
  const auto& since = outdated_since_[election];
  if (!since || world_.now() - *since <= kOldestFresh) return;
  // A new list may have confirmed what is published without a word.
  if (seen_[election] && Dates(election, *seen_[election]) && !since) return;
  if (world_.now() - *since <= kOldestFresh) return;
  const auto age = std::chrono::duration_cast<Milliseconds>(world_.now() - *since);
  Fail("the view of " + elections_[election].prefix + " is called fresh, but it was outdated " +
       Show(age.count()) + " ms ago");
}

void Checker::CheckViews(const election::ViewStore& views, MonotonicTime local_now) {
  if (between_histories_) return;
  if (views.freshness().revision.value > etcd_.store().revision()) {
    Fail("views are called complete up to a revision that etcd has not reached");
  }
  for (size_t e = 0; e < elections_.size(); ++e) {
    election::ElectionPtr view = views.Find(elections_[e].ns, elections_[e].name);
    if (!events_may_be_lost_ && view) CheckComplete(e, *view, views.freshness().revision.value);
    if (view == seen_[e] || !view) continue;
    if (!events_may_be_lost_) CheckView(e, view);
    seen_[e] = std::move(view);
  }
  if (events_may_be_lost_ || !views.freshness().FreshAt(local_now)) return;
  ++fresh_steps_;
  for (size_t e = 0; e < elections_.size(); ++e) CheckAge(e);
}

bool Checker::ViewsAreCurrent(const election::ViewStore& views) const {
  for (size_t e = 0; e < elections_.size(); ++e) {
    const election::ElectionPtr view = views.Find(elections_[e].ns, elections_[e].name);
    if (!view ? leaders_[e] != 0 : !SameQueue(*view, e, etcd_.store().revision())) return false;
  }
  return true;
}

}  // namespace bellwether::sim
