// The model beside a line through the file's size, on the same days: the rules that etcd's mixin
// ships, in our words, evaluated by promtool on the sizes that the toy store had each minute.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "support/shell.h"
#include "unit/growth/watched_cluster.h"

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;
using Compaction = test::ToyStore::Compaction;
using Writes = test::ToyStore::Writes;

constexpr double kMiB = 1 << 20;
constexpr int kEvaluatedEveryMinutes = 5;

struct Phase {
  Nanoseconds time;
  Writes writes;
  Compaction compaction;
};

struct Day {
  const char* name;
  bool healthy;
  double least_notice_h;  // of the model's first warning, before it is full
  std::vector<Phase> phases;
};

struct Compared {
  std::optional<double> full_h;
  std::optional<double> model_h;  // the first warning
  double model_fires_h = 0;
  std::optional<double> rules_h;
  double rules_fire_h = 0;
};

std::vector<Day> Days() {
  const Writes ordinary{.per_second = 50, .bytes = 300};
  const Writes growing{.per_second = 50, .bytes = 300, .live_bytes_per_second = 30 * kMiB / 3600};
  const Writes busy{.per_second = 258, .bytes = 300};
  return {
      {"50 revisions/s, compacted every 5 min",
       true,
       0,
       {{24h, ordinary, Compaction::kKubernetes}}},
      {"1 h retention fills up to 1 GiB",
       true,
       0,
       {{12h, {.per_second = 497, .bytes = 300}, Compaction::kPeriodic}}},
      {"20 times the writes for 10 min",
       true,
       0,
       {{6h, ordinary, Compaction::kKubernetes},
        {10min, {.per_second = 1000, .bytes = 300}, Compaction::kKubernetes},
        {6h, ordinary, Compaction::kKubernetes}}},
      {"200 polling clients, no compaction",
       false,
       60,
       {{100h, {.per_second = 80, .bytes = 86}, Compaction::kNone}}},
      {"live data grows by 30 MiB/h", false, 60, {{100h, growing, Compaction::kKubernetes}}},
      {"compaction stops after 6 h",
       false,
       7,
       {{6h, busy, Compaction::kKubernetes}, {24h, busy, Compaction::kNone}}},
      {"3,288 revisions/s from hour 2 on",
       false,
       1.8,
       {{2h, {.per_second = 0.4, .bytes = 86}, Compaction::kNone},
        {10h, {.per_second = 3288, .bytes = 84}, Compaction::kNone}}},
  };
}

// The model's part; `sizes` gets the file's size of each minute.
Compared Watch(const Day& day, std::vector<int64_t>& sizes) {
  Compared compared;
  WatchedCluster cluster({.compaction = day.phases.front().compaction});
  for (const Phase& phase : day.phases) {
    cluster.store().SetCompaction(phase.compaction);
    for (Nanoseconds done{0}; done < phase.time && !cluster.full_h(); done += 1min) {
      cluster.Run(1min, phase.writes);
      sizes.push_back(cluster.member().sample.db_size_bytes);
      if (cluster.report().severity >= Severity::kWarning) compared.model_fires_h += 1.0 / 60;
    }
  }
  compared.full_h = cluster.full_h();
  compared.model_h = cluster.first_h(Severity::kWarning);
  return compared;
}

// What promtool says of the rules: it complains of each alert that fires, since none is expected.
void AskRules(const std::vector<int64_t>& sizes, Compared& compared) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("bellwether-line-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "rules.yaml") << R"(groups:
- name: line
  rules:
  - alert: FullInFourHours
    expr: predict_linear(db_size_bytes[4h], 4 * 3600) > db_quota_bytes
    for: 10m
  - alert: NearlyFull
    expr: db_size_bytes / db_quota_bytes * 100 > 95
    for: 10m
)";
  std::ofstream cases(folder / "cases.yaml");
  cases << "rule_files: [rules.yaml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n"
        << "  input_series:\n  - series: db_quota_bytes\n    values: '2147483648x" << sizes.size()
        << "'\n  - series: db_size_bytes\n    values: '";
  for (const int64_t size : sizes) cases << size << ' ';
  cases << "'\n  alert_rule_test:\n";
  for (size_t minute = 0; minute < sizes.size(); minute += kEvaluatedEveryMinutes) {
    for (const char* alert : {"FullInFourHours", "NearlyFull"}) {
      cases << "  - {eval_time: " << minute << "m, alertname: " << alert << "}\n";
    }
  }
  cases.close();
  const test::Finished checked = test::RunShell("cd " + folder.string() +
                                                " && promtool check rules rules.yaml && "
                                                "promtool test rules cases.yaml 2>&1");
  std::filesystem::remove_all(folder);

  const std::regex fired(R"(alertname: ?\w+, time: (?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:\d+s)?,)");
  std::optional<double> last;
  for (std::sregex_iterator it(checked.out.begin(), checked.out.end(), fired), end; it != end;
       ++it) {
    const auto part = [&](size_t i) { return (*it)[i].matched ? std::stod((*it)[i]) : 0; };
    const double at_h = part(1) * 24 + part(2) + part(3) / 60;
    if (!compared.rules_h || at_h < *compared.rules_h) compared.rules_h = at_h;
    if (last != at_h) compared.rules_fire_h += kEvaluatedEveryMinutes / 60.0;
    last = at_h;
  }
  EXPECT_EQ(checked.exit_code == 0, !compared.rules_h) << checked.out.substr(0, 2000);
}

std::string Told(const Day& day, const Compared& compared, std::optional<double> first_h,
                 double fires_h) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1);
  if (!first_h) {
    text << "quiet";
  } else if (day.healthy) {
    text << "false for " << fires_h << " h";
  } else {
    text << *compared.full_h - *first_h << " h before";
  }
  return text.str();
}

TEST(BesideALineTest, TheModelTellsEarlierAndRaisesNoFalseAlarm) {
  std::ostringstream table;
  table << std::left << std::setw(40) << "day" << std::setw(18) << "model"
        << "mixin's rules\n";
  int rules_that_cried_wolf = 0;
  for (const Day& day : Days()) {
    SCOPED_TRACE(day.name);
    std::vector<int64_t> sizes;
    Compared compared = Watch(day, sizes);
    AskRules(sizes, compared);
    ASSERT_EQ(compared.full_h.has_value(), !day.healthy);
    table << std::setw(40) << day.name << std::setw(18)
          << Told(day, compared, compared.model_h, compared.model_fires_h)
          << Told(day, compared, compared.rules_h, compared.rules_fire_h) << "\n";
    if (day.healthy) {
      EXPECT_FALSE(compared.model_h);
      if (compared.rules_h) ++rules_that_cried_wolf;
      continue;
    }
    ASSERT_TRUE(compared.model_h);
    EXPECT_GE(*compared.full_h - *compared.model_h, day.least_notice_h);
    // Proves that promtool got the sizes: a line sees these, but late.
    ASSERT_TRUE(compared.rules_h);
    EXPECT_LT(*compared.model_h, *compared.rules_h);
  }
  EXPECT_GT(rules_that_cried_wolf, 0);
  std::cout << table.str();
}

}  // namespace
}  // namespace bellwether::growth
