// What the exporter writes, judged by Prometheus' own promtool, and on data from a real etcd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>

#include "growth/status_sampler.h"
#include "metrics/exporter.h"
#include "support/etcd_server.h"
#include "support/eventually.h"
#include "support/exposition.h"
#include "support/shard.h"
#include "support/shell.h"

namespace bellwether::metrics {
namespace {

using namespace std::chrono_literals;
using test::EtcdServer;
using test::Eventually;
using test::Shard;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Runs `promtool check metrics` (package prometheus).
test::Finished Promtool(const std::string& exposition) {
  const std::string file = testing::TempDir() + "bellwether-metrics-" + std::to_string(getpid());
  std::ofstream(file) << exposition;
  test::Finished verdict = test::RunShell("promtool check metrics < " + file + " 2>&1");
  std::remove(file.c_str());
  return verdict;
}

void Publish(election::ViewStore& views, const std::string& name, const std::string& leader) {
  election::ElectionView view{.ns = "batch", .name = name};
  view.queue.push_back({.id = leader, .create_revision = {7}});
  view.leader_since = WallTime(1764000000s);
  view.last_failover = 12ms;
  views.Publish(std::make_shared<const election::ElectionView>(std::move(view)));
}

TEST(PromtoolTest, FindsFaultsInWhatIsWrong) {
  EXPECT_NE(Promtool("# HELP a It is.\n# TYPE a counter\na 1\n").exit_code, 0);
  EXPECT_NE(Promtool("# HELP a It is.\n# TYPE a gauge\na{b=\"\xff\"} 1\n").exit_code, 0);
}

TEST(PromtoolTest, FindsNoneInTheExportersTextOfARealEtcdAndHostileIds) {
  EtcdServer etcd({.members = 3});
  growth::StatusStore status;
  Shard shard(etcd.endpoints());
  std::unique_ptr<growth::StatusSampler> sampler;
  shard.Sync([&] {
    sampler = std::make_unique<growth::StatusSampler>(
        shard.loop, shard.client(),
        growth::StatusSampler::Options{.cluster = "ma\"in\n\xfe", .every = 200ms}, status);
    sampler->Start();
  });

  election::ViewStore views;
  Publish(views, "a", "x\"} 1\nfake 2");
  Publish(views, "b", "\xff\xc0\x80\xed\xa0\x80");
  Publish(views, "c", std::string("\0\x01\x1b[31m\r\t\\", 10));
  Publish(views, "d", std::string(100'000, '"'));
  Publish(views, "e", "");
  Publish(views, "f", "# TYPE x counter");
  Publish(views, "g", "\xe2\x80\xa8{id=\"\\\"}");
  prometheus::ClientMetric metric;
  metric.label = {{"code", "20\xff\"0"}};
  const Exporter exporter(
      views, status, {.max_elections = 6}, [] { return Counters{}; },
      [&metric] {
        return std::vector<prometheus::MetricFamily>{{"bellwether_http_requests_total",
                                                      "Requests.",
                                                      prometheus::MetricType::Counter,
                                                      {metric}}};
      });

  std::string text;
  test::Exposition read;
  const bool three_up = Eventually([&] {
    text = exporter.Render();
    read = test::ParseExposition(text);
    return read.Count("bellwether_etcd_db_size_bytes") == 3;
  });
  shard.Sync([&] { sampler.reset(); });
  ASSERT_TRUE(three_up);
  EXPECT_THAT(read.faults, IsEmpty());
  EXPECT_EQ(read.Count("bellwether_election_leader"), 7u);
  const test::Finished verdict = Promtool(text);
  EXPECT_EQ(verdict.exit_code, 0) << verdict.out;
  EXPECT_THAT(verdict.out, IsEmpty());
}

}  // namespace
}  // namespace bellwether::metrics
