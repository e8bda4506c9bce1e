// The rules that we ship: they say what they mean (promtool), each is explained, and they work on
// what a real Prometheus scrapes of two replicas.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/etcd_server.h"
#include "support/eventually.h"
#include "support/shell.h"
#include "wire/controller/controller_process.h"

namespace bellwether::app {
namespace {

using nlohmann::json;
using test::Contents;
using test::EtcdServer;
using test::Eventually;
using test::RunShell;
using testing::HasSubstr;
using testing::Not;

const std::string kSource = BELLWETHER_SOURCE;
const std::string kRules = kSource + "/manifests/prometheus/elections.rules.yaml";
const std::string kCases = kSource + "/tests/wire/alerts/elections.test.yaml";

std::vector<YAML::Node> Alerts() {
  std::vector<YAML::Node> alerts;
  for (const YAML::Node& group : YAML::LoadFile(kRules)["groups"]) {
    for (const YAML::Node& rule : group["rules"]) {
      if (rule["alert"]) alerts.push_back(rule);
    }
  }
  return alerts;
}

TEST(AlertsTest, FireWhenTheyShouldAndNotOtherwise) {
  const auto check = RunShell("promtool check rules " + kRules + " 2>&1");
  EXPECT_EQ(check.exit_code, 0) << check.out;
  const auto cases = RunShell("promtool test rules " + kCases + " 2>&1");
  EXPECT_EQ(cases.exit_code, 0) << cases.out;
}

// Each expression is bent in turn, in a copy; the cases must notice.
TEST(AlertsTest, TheCasesNoticeWhatIsBent) {
  const std::string folder = testing::TempDir() + "bellwether-alerts-" + std::to_string(getpid());
  std::filesystem::create_directories(folder);
  std::string cases = Contents(kCases);
  const std::string in = "../../../manifests/prometheus/";
  ASSERT_NE(cases.find(in), std::string::npos);
  std::ofstream(folder + "/cases.yaml") << cases.erase(cases.find(in), in.size());
  const std::pair<const char*, const char*> bent[] = {
      {"fresh == 0", "fresh == 1"},
      {"[1h]) > 0\n        for", "[1h]) >= 0\n        for"},
      {"[15m])) > 5", "[15m])) > 50"},
      {"(bellwether_views_stale == 1)\n          )\n      - record: bellwether:election_fencing",
       "(bellwether_views_stale == 2)\n          )\n      - record: bellwether:election_fencing"},
      {"(bellwether_views_stale == 1)\n          )\n\n",
       "(bellwether_views_stale == 2)\n          )\n\n"},
      {") > 0\n        for: 5m", ") >= 0\n        for: 5m"},
      {"fresh < max_over_time", "fresh <= max_over_time"},
      {"(bellwether_tokens_invalid) == 1", "(bellwether_tokens_invalid) >= 0"},
      {"min without (pod, instance) (bellwether_views_stale)",
       "max without (pod, instance) (bellwether_views_stale)"},
      {"expr: bellwether_views_stale == 1", "expr: bellwether_views_stale == 0"},
      {"missed_events_total[1h]) > 0", "missed_events_total[1h]) > 3"},
      {"absent(bellwether_build_info)\n        for: 5m",
       "absent(bellwether_build_info)\n        for: 1m"},
  };
  for (const auto& [from, to] : bent) {
    std::string rules = Contents(kRules);
    const size_t at = rules.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    std::ofstream(folder + "/elections.rules.yaml") << rules.replace(at, strlen(from), to);
    const auto noticed = RunShell("promtool test rules " + folder + "/cases.yaml 2>&1");
    EXPECT_NE(noticed.exit_code, 0) << "nobody notices " << to;
  }
  std::filesystem::remove_all(folder);
}

TEST(AlertsTest, EachIsExplainedAndHasACaseInWhichItFires) {
  const std::string page = Contents(kSource + "/docs/alerts.md");
  const std::string cases = Contents(kCases);
  const std::vector<YAML::Node> alerts = Alerts();
  EXPECT_GE(alerts.size(), 9u);
  for (const YAML::Node& alert : alerts) {
    const auto name = alert["alert"].as<std::string>();
    EXPECT_THAT(alert["labels"]["severity"].as<std::string>(""),
                testing::AnyOf("critical", "warning"))
        << name;
    for (const char* text : {"summary", "description"}) {
      EXPECT_NE(alert["annotations"][text].as<std::string>(""), "") << name;
    }
    std::string anchor = name;
    std::transform(anchor.begin(), anchor.end(), anchor.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    EXPECT_EQ(alert["annotations"]["runbook"].as<std::string>(""), "docs/alerts.md#" + anchor);
    EXPECT_THAT(page, HasSubstr("\n## " + name + "\n"));
    EXPECT_THAT(cases, HasSubstr("alertname: " + name + "\n        exp_alerts:")) << name;
  }
}

class Prometheus {
 public:
  Prometheus(const std::string& folder, const std::vector<std::string>& targets)
      : address_("127.0.0.1:" + std::to_string(test::FreePort())),
        process_(
            {"/usr/bin/prometheus", "--config.file=" + Config(folder, targets),
             "--storage.tsdb.path=" + folder + "/prometheus", "--web.listen-address=" + address_},
            folder + "/prometheus.log") {}

  std::string log() const { return process_.log(); }
  json Ask(const std::string& path) const {
    return json::parse(test::Shell("curl -s --max-time 30 http://" + address_ + path), nullptr,
                       false);
  }
  // The values of the samples that a query has now.
  std::vector<std::string> Query(const std::string& expression) const {
    const json answer =
        json::parse(test::Shell("curl -s --max-time 30 --data-urlencode 'query=" + expression +
                                "' http://" + address_ + "/api/v1/query"),
                    nullptr, false);
    std::vector<std::string> values;
    if (!answer.is_object() || answer.value("status", "") != "success") return values;
    for (const json& sample : answer["data"]["result"]) values.push_back(sample["value"][1]);
    return values;
  }

 private:
  // As a service discovery labels the pods of one deployment.
  static std::string Config(const std::string& folder, const std::vector<std::string>& targets) {
    std::ofstream file(folder + "/prometheus.yaml");
    file << "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [" << kRules
         << "]\nscrape_configs:\n  - job_name: bellwether\n    static_configs:\n";
    for (size_t i = 0; i < targets.size(); ++i) {
      file << "      - {targets: [\"" << targets[i] << "\"], labels: {namespace: infra, pod: c-"
           << i << "}}\n";
    }
    return folder + "/prometheus.yaml";
  }

  const std::string address_;
  BackgroundProcess process_;
};

TEST(AlertsTest, TwoReplicasUnderARealPrometheusAreOneElectionAndTheRulesWork) {
  const EtcdServer etcd;
  ControllerProcess first(etcd, "", "first");
  ControllerProcess second(etcd, "", "second");
  const BackgroundProcess a(RunCandidate(etcd, "test/one", "a"), etcd.folder() + "/a.log");
  ASSERT_TRUE(first.Leads("test/one", "a")) << first.log() << a.log();
  ASSERT_TRUE(second.Leads("test/one", "a")) << second.log();
  etcd.Etcdctl("put /bellwether/elections/test/one/by-hand x");

  const auto target = [](ControllerProcess& c) { return c.url().substr(sizeof("http://") - 1); };
  const Prometheus prometheus(etcd.folder(), {target(first), target(second)});
  const std::vector<std::string> one = {"1"};
  const std::vector<std::string> two = {"2"};
  // Both are scraped, under labels of their own, and none of ours clashed with the scraper's.
  ASSERT_TRUE(Eventually([&] {
    return prometheus.Query("count(bellwether_election_candidates{namespace=\"infra\"} == 2)") ==
           two;
  })) << prometheus.log();
  EXPECT_EQ(prometheus.Query("count({__name__=~\"bellwether_.+\",exported_namespace!=\"\"})"),
            std::vector<std::string>{});
  for (const char* sum : {"sum(max without (pod, instance) (bellwether_election_candidates))",
                          "sum(bellwether:election_candidates:fresh)"}) {
    EXPECT_TRUE(Eventually([&] { return prometheus.Query(sum) == two; })) << sum;
  }
  EXPECT_EQ(prometheus.Query("sum(max without (pod, instance) (bellwether_election_leader))"), one);
  EXPECT_TRUE(Eventually([&] {
    return prometheus.Query("sum(ALERTS{alertname=\"BellwetherPhantomCandidate\"})") == one;
  })) << "the place without a lease is one, not two";
  // It is the only trouble in the end.
  EXPECT_TRUE(Eventually([&] { return prometheus.Query("count(ALERTS)") == one; }))
      << prometheus.Ask("/api/v1/alerts").dump();

  const json rules = prometheus.Ask("/api/v1/rules");
  size_t healthy = 0;
  for (const json& group : rules["data"]["groups"]) {
    for (const json& rule : group["rules"]) {
      EXPECT_EQ(rule["health"], "ok") << rule.dump();
      ++healthy;
    }
  }
  EXPECT_EQ(healthy, Alerts().size() + 2);
}

}  // namespace
}  // namespace bellwether::app
