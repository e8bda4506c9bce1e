#include "metrics/election_series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/exposition.h"

namespace bellwether::metrics {
namespace {

using namespace std::chrono_literals;
using election::ElectionPtr;
using election::ElectionView;
using test::Exposition;
using ::testing::IsEmpty;
using Labels = Exposition::Labels;

ElectionPtr Election(const std::string& name, const std::vector<std::string>& queue,
                     uint64_t transitions = 0) {
  ElectionView view{.ns = "batch", .name = name, .transitions = transitions};
  for (const std::string& id : queue) {
    view.queue.push_back(
        {.id = id, .create_revision = {100 + static_cast<int64_t>(view.queue.size())}});
  }
  return std::make_shared<const ElectionView>(std::move(view));
}

Exposition Render(const std::vector<ElectionPtr>& views, size_t max_elections = 100) {
  std::string out;
  AppendElections(views, max_elections, out);
  Exposition read = test::ParseExposition(out);
  EXPECT_THAT(read.faults, IsEmpty());
  return read;
}

const Labels kReport = {{"election_namespace", "batch"}, {"election", "report"}};
const Labels kOther = {{"election_namespace", "_other"}, {"election", "_other"}};

Labels With(Labels labels, const std::string& id) {
  labels["id"] = id;
  return labels;
}

TEST(ElectionSeriesTest, TellsWhoLeadsAndHow) {
  ElectionView view = *Election("report", {"worker-1", "worker-2"}, 3);
  view.leader_since = WallTime(1764000000s + 250ms);
  view.last_failover = 15ms;
  const Exposition read = Render({std::make_shared<const ElectionView>(view)});
  EXPECT_EQ(read.Value("bellwether_election_leader", With(kReport, "worker-1")), 1);
  EXPECT_EQ(read.Count("bellwether_election_leader"), 1u);
  EXPECT_EQ(read.Value("bellwether_election_fencing_token", kReport), 100);
  EXPECT_EQ(read.Value("bellwether_election_transitions_total", kReport), 3);
  EXPECT_EQ(read.Value("bellwether_election_candidates", kReport), 2);
  EXPECT_EQ(read.Value("bellwether_election_leader_since_seconds", kReport), 1764000000.25);
  EXPECT_EQ(read.Value("bellwether_election_last_failover_seconds", kReport), 0.015);
  EXPECT_EQ(read.types.at("bellwether_election_transitions_total"), "counter");
  EXPECT_EQ(read.Value("bellwether_elections"), 1);
  EXPECT_EQ(read.Value("bellwether_elections_beyond_limit"), 0);
}

TEST(ElectionSeriesTest, SaysNothingOfALeaderWhereThereIsNone) {
  const Exposition read = Render({Election("report", {}, 3)});
  for (const char* family :
       {"leader", "fencing_token", "leader_since_seconds", "last_failover_seconds"}) {
    EXPECT_EQ(read.Count(std::string("bellwether_election_") + family), 0u) << family;
  }
  EXPECT_EQ(read.Value("bellwether_election_candidates", kReport), 0);
  EXPECT_EQ(read.Value("bellwether_election_transitions_total", kReport), 3);
}

TEST(ElectionSeriesTest, ForeignIdsCannotBreakTheText) {
  const Exposition read = Render({Election("a", {"\xff\xfe"}), Election("b", {"x\"} 1\nfake 2"}),
                                  Election("c", {std::string(5000, '\\')})});
  EXPECT_EQ(read.Count("bellwether_election_leader"), 3u);
  EXPECT_EQ(read.Count("fake"), 0u);
}

TEST(ElectionSeriesTest, BeyondTheLimitTheLastOnesAreSummedAndCounted) {
  const Exposition read = Render({Election("a", {"1", "2"}), Election("b", {"1"}),
                                  Election("c", {"1", "2", "3"}), Election("d", {})},
                                 2);
  EXPECT_EQ(read.Value("bellwether_elections"), 4);
  EXPECT_EQ(read.Value("bellwether_elections_beyond_limit"), 2);
  EXPECT_EQ(read.Count("bellwether_election_candidates"), 3u);
  EXPECT_EQ(read.Value("bellwether_election_candidates", kOther), 3);
  EXPECT_EQ(read.Value("bellwether_election_leader", With(kOther, "")), 1);
  EXPECT_EQ(read.Count("bellwether_election_leader"), 3u);
  // Counters and what belongs to one election alone are not summed.
  EXPECT_EQ(read.Count("bellwether_election_transitions_total"), 2u);
  EXPECT_EQ(read.Count("bellwether_election_fencing_token"), 2u);
}

TEST(ElectionSeriesTest, ALimitOfNoneStillSums) {
  const Exposition read = Render({Election("a", {"1", "2"})}, 0);
  EXPECT_EQ(read.Value("bellwether_election_candidates", kOther), 2);
  EXPECT_EQ(read.Count("bellwether_election_candidates"), 1u);
}

}  // namespace
}  // namespace bellwether::metrics
