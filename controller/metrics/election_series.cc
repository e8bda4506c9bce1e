#include "metrics/election_series.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "metrics/text.h"

namespace bellwether::metrics {
namespace {

using election::CandidateView;
using election::ElectionPtr;

constexpr std::string_view kOther = "_other";

std::string ElectionLabels(std::string_view ns, std::string_view name) {
  std::string labels;
  AppendLabel("election_namespace", ns, labels);
  AppendLabel("election", name, labels);
  return labels;
}

double Seconds(Milliseconds duration) { return std::chrono::duration<double>(duration).count(); }

double UnixSeconds(WallTime time) {
  return Seconds(std::chrono::duration_cast<Milliseconds>(time.time_since_epoch()));
}

// What an election's samples say. Small: a scrape holds one for each.
struct Row {
  size_t labels_end = 0;  // in Rows::labels_; they begin where the last row's end
  int64_t token = 0;      // 0 = none: etcd's first key has revision 2
  uint64_t transitions = 0;
  uint64_t candidates = 0;
  uint64_t without_lease = 0;
  double leader_since = std::numeric_limits<double>::quiet_NaN();   // NaN = none
  double last_failover = std::numeric_limits<double>::quiet_NaN();  // likewise
};

// The elections with series of their own. The views are scattered in memory, and with a hundred
// thousand of them fetching each for every family is most of what a scrape costs: they are read
// once.
class Rows {
 public:
  Rows(std::span<const ElectionPtr> views, Family& leaders) {
    rows_.reserve(views.size());
    constexpr size_t kLabelBytes = 60;
    labels_.reserve(views.size() * kLabelBytes);
    for (const ElectionPtr& view : views) {
      std::string labels = ElectionLabels(view->ns, view->name);
      labels_ += labels;
      Row row{.labels_end = labels_.size(),
              .transitions = view->transitions,
              .candidates = view->queue.size(),
              .without_lease = PlacesWithoutLease(*view)};
      if (const auto token = view->token()) row.token = token->value;
      if (view->leader_since) row.leader_since = UnixSeconds(*view->leader_since);
      if (view->last_failover) row.last_failover = Seconds(*view->last_failover);
      rows_.push_back(row);
      if (const CandidateView* const leader = view->leader()) {
        AppendLabel("id", leader->id, labels);
        leaders.Add(labels, int64_t{1});
      }
    }
  }

  // One sample for each election that has it.
  template <typename Number>
  void AddTo(Family& family, Number Row::*value) const {
    size_t begin = 0;
    for (const Row& row : rows_) {
      const std::string_view labels(&labels_[begin], row.labels_end - begin);
      if (Has(row.*value)) family.Add(labels, row.*value);
      begin = row.labels_end;
    }
  }

 private:
  static bool Has(int64_t token) { return token != 0; }
  static bool Has(double value) { return !std::isnan(value); }
  static bool Has(uint64_t) { return true; }

  static uint64_t PlacesWithoutLease(const election::ElectionView& view) {
    return static_cast<uint64_t>(
        std::ranges::count_if(view.queue, [](const CandidateView& place) { return !place.lease; }));
  }

  std::string labels_;  // of all of them, which every family repeats
  std::vector<Row> rows_;
};

struct Rest {
  uint64_t elections = 0;
  uint64_t leaders = 0;
  uint64_t candidates = 0;
};

Rest Sum(std::span<const ElectionPtr> views) {
  Rest rest{.elections = views.size()};
  for (const ElectionPtr& view : views) {
    rest.leaders += view->queue.empty() ? 0 : 1;
    rest.candidates += view->queue.size();
  }
  return rest;
}

}  // namespace

void AppendElections(const std::vector<ElectionPtr>& views, size_t max_elections,
                     std::string& out) {
  const std::span<const ElectionPtr> all(views);
  const size_t count = std::min(views.size(), max_elections);
  const Rest rest = Sum(all.subspan(count));
  const std::string other = ElectionLabels(kOther, kOther);

  Family(out, "bellwether_elections", Kind::kGauge, "Elections that this replica knows.")
      .Add("", uint64_t{views.size()});
  Family(out, "bellwether_elections_beyond_limit", Kind::kGauge,
         "Elections without series of their own, because of metrics.maxElections: the last ones by "
         "namespace/name.")
      .Add("", rest.elections);

  Family leaders(out, "bellwether_election_leader", Kind::kGauge,
                 "1 for the candidate (id) that leads the election; no series without a leader. "
                 "election=_other: how many of the elections beyond the limit have a leader.");
  const Rows rows(all.first(count), leaders);
  if (rest.elections > 0) {
    std::string labels = other;
    AppendLabel("id", "", labels);
    leaders.Add(labels, rest.leaders);
  }
  {
    Family family(out, "bellwether_election_fencing_token", Kind::kGauge,
                  "Fencing token of the leader: it only grows within an election, unless etcd was "
                  "restored (bellwether_tokens_invalid).");
    rows.AddTo(family, &Row::token);
  }
  {
    Family family(out, "bellwether_election_transitions_total", Kind::kCounter,
                  "Changes of leader that this process has seen.");
    rows.AddTo(family, &Row::transitions);
  }
  {
    Family family(
        out, "bellwether_election_candidates", Kind::kGauge,
        "Candidates in the queue, the leader among them. election=_other: of all elections "
        "beyond the limit.");
    rows.AddTo(family, &Row::candidates);
    if (rest.elections > 0) family.Add(other, rest.candidates);
  }
  {
    Family family(out, "bellwether_election_places_without_lease", Kind::kGauge,
                  "Places in the queue that never expire, because their keys have no lease: their "
                  "programs may be long gone.");
    rows.AddTo(family, &Row::without_lease);
  }
  {
    Family family(out, "bellwether_election_leader_since_seconds", Kind::kGauge,
                  "Unix time at which the leader was first seen leading (for one that led already "
                  "when this process began to look: that moment); its age is time() minus this.");
    rows.AddTo(family, &Row::leader_since);
  }
  {
    Family family(out, "bellwether_election_last_failover_seconds", Kind::kGauge,
                  "How long the election was without a leader the last time; no series before the "
                  "first change.");
    rows.AddTo(family, &Row::last_failover);
  }
}

}  // namespace bellwether::metrics
