#include "sim/checker.h"

#include <algorithm>
#include <tuple>

namespace bellwether::sim {
namespace {

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
      seen_(elections_.size()) {
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
        places_[revision][kv.key()] = {
            client, etcd_.GrantedAt(kv.lease()).value_or(world_.now())};
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

bool Checker::HasPlace(int client, size_t election) const {
  const auto queue = etcd_.store().Snapshot(elections_[election].begin(), elections_[election].end(),
                                            etcd_.store().revision());
  return std::any_of(queue.begin(), queue.end(), [&](const mvccpb::KeyValue& kv) {
    const auto places = places_.find(kv.create_revision());
    if (places == places_.end()) return false;
    const auto place = places->second.find(kv.key());
    return place != places->second.end() && place->second.client == client;
  });
}

// --- Views

bool Checker::SameQueue(const election::ElectionView& view, size_t election,
                        int64_t revision) const {
  auto queue = etcd_.store().Snapshot(elections_[election].begin(), elections_[election].end(),
                                      revision);
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

// After a new list the last known change may be older than a change that came and went unseen, so any later revision may be
// the one that is shown.
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
  if (SameQueue(*view, election, shown)) return;
  const auto& changes = changes_[election];
  for (auto it = std::upper_bound(changes.begin(), changes.end(), shown); it != changes.end();
       ++it) {
    if (SameQueue(*view, election, *it)) return;
  }
  Fail("the published queue of " + elections_[election].prefix + " (last change " + Show(shown) +
       ") was never etcd's: it is" + ShowQueue(*view));
}

void Checker::CheckViews(const election::ViewStore& views) {
  if (between_histories_) return;
  if (views.freshness().revision.value > etcd_.store().revision()) {
    Fail("views are called complete up to a revision that etcd has not reached");
  }
  for (size_t e = 0; e < elections_.size(); ++e) {
    election::ElectionPtr view = views.Find(elections_[e].ns, elections_[e].name);
    if (view == seen_[e] || !view) continue;
    if (!events_may_be_lost_) CheckView(e, view);
    seen_[e] = std::move(view);
  }
}

bool Checker::ViewsAreCurrent(const election::ViewStore& views) const {
  for (size_t e = 0; e < elections_.size(); ++e) {
    const election::ElectionPtr view = views.Find(elections_[e].ns, elections_[e].name);
    if (!view ? leaders_[e] != 0 : !SameQueue(*view, e, etcd_.store().revision())) return false;
  }
  return true;
}

}  // namespace bellwether::sim
