#include "metrics/exporter.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <utility>

#include "metrics/election_series.h"
#include "metrics/etcd_series.h"
#include "metrics/process.h"
#include "metrics/text.h"

namespace bellwether::metrics {
namespace {

// Page by page, so that the shard, which publishes, never waits long for the lock.
std::vector<election::ElectionPtr> AllViews(const election::ViewStore& store) {
  constexpr size_t kPage = 1000;
  std::vector<election::ElectionPtr> all;
  all.reserve(store.size());
  std::string after;
  while (true) {
    std::vector<election::ElectionPtr> page = store.List("", after, kPage);
    std::move(page.begin(), page.end(), std::back_inserter(all));
    if (page.size() < kPage) return all;
    after = all.back()->ns + "/" + all.back()->name;
  }
}

void AppendFreshness(const election::Freshness& freshness, MonotonicTime now, std::string& out) {
  Family(out, "bellwether_views_stale", Kind::kGauge,
         "1 while what this replica knows of the elections is not confirmed: bellwether_election_* "
         "may be out of date.")
      .Add("", int64_t{freshness.FreshAt(now) ? 0 : 1});
  if (freshness.loaded) {
    Family(out, "bellwether_views_age_seconds", Kind::kGauge,
           "Time since the views of the elections were last confirmed.")
        .Add("", std::chrono::duration<double>(now - freshness.as_of).count());
    Family(out, "bellwether_views_revision", Kind::kGauge,
           "etcd's revision up to which the views are complete.")
        .Add("", freshness.revision.value);
  }
  Family(out, "bellwether_tokens_invalid", Kind::kGauge,
         "1 when etcd was restored or replaced: fencing tokens from before mean nothing now.")
      .Add("", int64_t{freshness.tokens_invalid ? 1 : 0});
}

void AppendCounters(const Counters& counters, std::string& out) {
  Family(out, "bellwether_leader_changes_total", Kind::kCounter,
         "Changes of leader that this process has seen, of all elections.")
      .Add("", counters.leader_changes);
  Family(out, "bellwether_watch_events_total", Kind::kCounter, "Watch events applied.")
      .Add("", counters.observer.events);
  Family(out, "bellwether_watch_relists_total", Kind::kCounter,
         "Full lists after the first one: the watch was compacted, cut or in doubt.")
      .Add("", counters.observer.relists);
  Family(out, "bellwether_watch_missed_events_total", Kind::kCounter,
         "Differences that a safety re-read found: events that etcd lost.")
      .Add("", counters.observer.missed);
  Family(out, "bellwether_foreign_keys", Kind::kGauge,
         "Keys under the root that belong to no election.")
      .Add("", counters.observer.foreign_keys);
  Family(out, "bellwether_prefixes_refused", Kind::kGauge,
         "Prefixes of the configuration that are not served, because the root has an election of "
         "their name. SIGHUP tries again.")
      .Add("", counters.observer.refused_prefixes);
}

// prometheus-cpp escapes label values, but passes on bytes that are no UTF-8, which a scrape
// refuses as a whole.
void Clean(std::vector<prometheus::MetricFamily>& families) {
  for (prometheus::MetricFamily& family : families) {
    for (prometheus::ClientMetric& metric : family.metric) {
      for (auto& label : metric.label) label.value = CleanLabelValue(label.value);
    }
  }
}

}  // namespace

Exporter::Exporter(const election::ViewStore& views, const growth::StatusStore& status,
                   Options options, CountersSource counters, FamiliesSource families)
    : views_(views),
      status_(status),
      max_elections_(options.max_elections),
      counters_(std::move(counters)),
      families_(std::move(families)) {}

std::string Exporter::Render() const { return RenderAt(BootClock::now()); }

std::string Exporter::RenderAt(MonotonicTime now) const {
  std::vector<prometheus::MetricFamily> families =
      families_ ? families_() : std::vector<prometheus::MetricFamily>();
  Clean(families);
  std::vector<prometheus::MetricFamily> process = ProcessFamilies();
  std::move(process.begin(), process.end(), std::back_inserter(families));
  std::string out = prometheus::TextSerializer().Serialize(families);

  std::string version;
  AppendLabel("version", BELLWETHER_VERSION, version);
  Family(out, "bellwether_build_info", Kind::kGauge, "1; the label tells the version.")
      .Add(version, int64_t{1});
  if (counters_) AppendCounters(counters_(), out);
  AppendFreshness(views_.freshness(), now, out);
  if (const auto cluster = status_.current()) AppendEtcd(*cluster, now, out);

  constexpr size_t kBytesPerElection = 640;
  const std::vector<election::ElectionPtr> views = AllViews(views_);
  const size_t max_elections = max_elections_;
  out.reserve(out.size() + std::min(views.size(), max_elections) * kBytesPerElection);
  AppendElections(views, max_elections, out);
  return out;
}

}  // namespace bellwether::metrics
