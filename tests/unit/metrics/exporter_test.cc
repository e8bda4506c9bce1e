#include "metrics/exporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <thread>

#include "support/exposition.h"

namespace bellwether::metrics {
namespace {

using namespace std::chrono_literals;
using test::Exposition;
using ::testing::IsEmpty;
using Labels = Exposition::Labels;

const MonotonicTime kT0{1000s};

class ExporterTest : public ::testing::Test {
 protected:
  void Publish(const std::string& ns, const std::string& name, const std::string& leader) {
    election::ElectionView view{.ns = ns, .name = name};
    view.queue.push_back({.id = leader, .create_revision = {7}});
    view.leader_since = WallTime(1764000000s);
    view.last_failover = 12ms;
    views_.Publish(std::make_shared<const election::ElectionView>(std::move(view)));
  }
  Exposition Render() {
    Exposition read = test::ParseExposition(exporter_.RenderAt(kT0 + 1s));
    EXPECT_THAT(read.faults, IsEmpty());
    return read;
  }

  election::ViewStore views_;
  growth::StatusStore status_;
  Counters counters_;
  std::vector<prometheus::MetricFamily> families_;
  Exporter exporter_{
      views_, status_, {}, [this] { return counters_; }, [this] { return families_; }};
};

TEST_F(ExporterTest, BeforeAnythingIsKnownItSaysSo) {
  const Exposition read = Render();
  EXPECT_EQ(read.Value("bellwether_views_stale"), 1);
  EXPECT_EQ(read.Count("bellwether_views_age_seconds"), 0u);
  EXPECT_EQ(read.Value("bellwether_elections"), 0);
  EXPECT_EQ(read.Count("bellwether_etcd_monitor_up"), 0u);
  EXPECT_EQ(read.Value("bellwether_build_info", {{"version", BELLWETHER_VERSION}}), 1);
}

TEST_F(ExporterTest, TellsHowFreshTheViewsAre) {
  election::Freshness fresh{.loaded = true, .revision = {42}, .as_of = kT0, .watching = true};
  views_.SetFreshness(fresh);
  EXPECT_EQ(Render().Value("bellwether_views_stale"), 0);
  EXPECT_EQ(Render().Value("bellwether_views_age_seconds"), 1);
  EXPECT_EQ(Render().Value("bellwether_views_revision"), 42);
  EXPECT_EQ(Render().Value("bellwether_tokens_invalid"), 0);
  fresh.watching = false;
  fresh.tokens_invalid = true;
  views_.SetFreshness(fresh);
  EXPECT_EQ(Render().Value("bellwether_views_stale"), 1);
  EXPECT_EQ(Render().Value("bellwether_tokens_invalid"), 1);
}

TEST_F(ExporterTest, AnElectionThatVanishedIsNotExportedAnyMore) {
  Publish("batch", "report", "worker-1");
  EXPECT_EQ(Render().Count("bellwether_election_transitions_total"), 1u);
  views_.Remove("batch", "report");
  EXPECT_EQ(Render().Count("bellwether_election_transitions_total"), 0u);
}

TEST_F(ExporterTest, ExportsEveryElectionOnceAlsoOverManyPages) {
  for (int i = 0; i < 2000; ++i) Publish("n" + std::to_string(i % 7), std::to_string(i), "w");
  EXPECT_EQ(Render().Count("bellwether_election_leader"), 2000u);
  Publish("n1", "last", "w");
  EXPECT_EQ(Render().Count("bellwether_election_leader"), 2001u);
}

TEST_F(ExporterTest, ExportsTheControllersOwnCounters) {
  counters_ = {.observer = {.events = 1,
                            .relists = 2,
                            .missed = 3,
                            .foreign_keys = 4,
                            .refused_prefixes = 6},
               .leader_changes = 5};
  const Exposition read = Render();
  EXPECT_EQ(read.Value("bellwether_watch_events_total"), 1);
  EXPECT_EQ(read.Value("bellwether_watch_relists_total"), 2);
  EXPECT_EQ(read.Value("bellwether_watch_missed_events_total"), 3);
  EXPECT_EQ(read.Value("bellwether_foreign_keys"), 4);
  EXPECT_EQ(read.Value("bellwether_prefixes_refused"), 6);
  EXPECT_EQ(read.Value("bellwether_leader_changes_total"), 5);
}

TEST_F(ExporterTest, ExportsFamiliesOfOtherRoomsWithTheirLabelsMadeSafe) {
  prometheus::ClientMetric metric;
  metric.label = {{"method", "G\xff\"\n"}, {"code", "200"}};
  metric.counter.value = 9;
  families_ = {
      {"bellwether_http_requests_total", "Requests.", prometheus::MetricType::Counter, {metric}}};
  const Labels labels = {{"method", "G\xEF\xBF\xBD\"\xEF\xBF\xBD"}, {"code", "200"}};
  EXPECT_EQ(Render().Value("bellwether_http_requests_total", labels), 9);
}

TEST_F(ExporterTest, ExportsTheProcess) {
  const Exposition read = Render();
  EXPECT_GE(read.Value("process_cpu_seconds_total"), 0);
  EXPECT_GT(read.Value("process_resident_memory_bytes"), 1e6);
  EXPECT_GT(read.Value("process_virtual_memory_bytes"),
            read.Value("process_resident_memory_bytes"));
  EXPECT_GE(read.Value("process_threads"), 1);
  EXPECT_GT(read.Value("process_max_fds"), read.Value("process_open_fds"));
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_GT(read.Value("process_start_time_seconds"), now - 86400);
  EXPECT_LE(read.Value("process_start_time_seconds"), now + 1);

  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  EXPECT_EQ(Render().Value("process_open_fds"), read.Value("process_open_fds") + 2);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST_F(ExporterTest, RendersWhileOthersPublish) {
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) EXPECT_THAT(test::ParseExposition(exporter_.Render()).faults, IsEmpty());
  });
  for (int i = 0; i < 1000; ++i) {
    Publish("a", std::to_string(i % 100), "w");
    views_.Remove("a", std::to_string((i + 50) % 100));
    views_.SetFreshness({.loaded = true});
    status_.Publish(std::make_shared<const growth::ClusterStatus>(
        growth::ClusterStatus{.name = "main", .members = {{.endpoint = "x"}}}));
  }
  done = true;
  reader.join();
}

// Only prints: how long a scrape of very many elections takes.
TEST_F(ExporterTest, RendersAHundredThousandElections) {
  constexpr int kElections = 100'000;
  for (int i = 0; i < kElections; ++i) {
    Publish("namespace-" + std::to_string(i % 100), "election-" + std::to_string(i),
            "worker-" + std::to_string(i));
  }
  const Exporter all(views_, status_, {.max_elections = kElections}, [this] { return counters_; });
  for (int round = 0; round < 3; ++round) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();
    const size_t bytes = all.Render().size();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    const double cpu_ms = 1000.0 * static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
    std::printf("rendered %d elections: %zu bytes in %.0f ms (%.0f ms of CPU)\n", kElections, bytes,
                took.count(), cpu_ms);
    EXPECT_GT(bytes, size_t{kElections} * 6 * 50);
  }
}

}  // namespace
}  // namespace bellwether::metrics
