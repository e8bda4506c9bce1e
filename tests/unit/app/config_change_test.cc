#include "app/config_change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "app/config_reading.h"

namespace bellwether::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const ConfigSchema& Schema() {
  static const ConfigSchema schema;
  return schema;
}

ConfigReading Read(const std::vector<std::string>& sets) {
  std::vector<std::string> all = {"etcd.endpoints=https://a:1"};
  all.insert(all.end(), sets.begin(), sets.end());
  return ReadConfig(std::nullopt, {.overrides = {{}, all}});
}

ConfigNode Tree(const std::vector<std::string>& sets) {
  const ConfigReading reading = Read(sets);
  EXPECT_TRUE(reading.problems.empty()) << reading.problems.Describe(reading.sources);
  return reading.tree;
}

ConfigChange Compare(const std::vector<std::string>& now, const std::vector<std::string>& wanted) {
  return CompareConfigs(Schema(), Tree(now), Tree(wanted));
}

TEST(ConfigChangeTest, NothingChangesWhenOnlyPlacesDo) {
  const ConfigReading file = ReadConfig(
      "\n\nlog: {level: info}\netcd:\n  endpoints: ['https://a:1']\n", {.file = "other"});
  const ConfigChange change = CompareConfigs(Schema(), Tree({}), file.tree);
  EXPECT_THAT(change.applied, IsEmpty());
  EXPECT_THAT(change.waiting, IsEmpty());
}

TEST(ConfigChangeTest, WhatAppliesIsTakenOverAndTheRestKeepsItsValue) {
  const ConfigChange change =
      Compare({}, {"log.level=debug", "http.listen=127.0.0.1:1", "metrics.maxElections=7",
                   "elections.root=/other", "elections.prefixes=[{election: a/b, prefix: /T}]",
                   "clusters=[{name: x, quotaBytes: 8Gi}]", "etcd.endpoints=https://b:1"});
  EXPECT_THAT(change.applied, ElementsAre("elections.prefixes", "clusters[0].quotaBytes",
                                          "metrics.maxElections", "log.level"));
  EXPECT_THAT(change.waiting,
              ElementsAre("etcd.endpoints", "elections.root", "http.listen", "clusters[0].name"));
  const Config config = DecodeConfig(change.in_effect);
  EXPECT_EQ(config.log_level, log::Level::kDebug);
  EXPECT_EQ(config.http.listen, "0.0.0.0:8080");
  EXPECT_EQ(config.metrics_max_elections, 7u);
  EXPECT_EQ(config.root, "/bellwether/elections");
  ASSERT_EQ(config.prefixes.size(), 1u);
  EXPECT_EQ(config.clusters[0].name, "main");
  EXPECT_EQ(config.clusters[0].quota_bytes, int64_t{8} << 30);
  EXPECT_EQ(config.etcd.endpoints[0].name, "https://a:1");
}

TEST(ConfigChangeTest, KeysThatComeAndGo) {
  const std::vector<std::string> more = {"clusters[0].quotaBytes=8Gi", "etcd.tls.ca=/x"};
  const ConfigChange come = Compare({}, more);
  EXPECT_THAT(come.applied, ElementsAre("clusters[0].quotaBytes"));
  EXPECT_THAT(come.waiting, ElementsAre("etcd.tls"));
  EXPECT_EQ(DecodeConfig(come.in_effect).etcd.tls.ca, "");
  const ConfigChange go = Compare(more, {});
  EXPECT_THAT(go.applied, ElementsAre("clusters[0].quotaBytes"));
  EXPECT_THAT(go.waiting, ElementsAre("etcd.tls"));
  EXPECT_EQ(DecodeConfig(go.in_effect).etcd.tls.ca, "/x");
  EXPECT_EQ(DecodeConfig(go.in_effect).clusters[0].quota_bytes, std::nullopt);
}

TEST(ConfigChangeTest, WhatWaitsIsNamedAgainUntilTheRestartAndAppliesNever) {
  const std::vector<std::string> wanted = {"http.listen=127.0.0.1:1", "log.format=text"};
  const ConfigChange first = Compare({}, wanted);
  const ConfigChange second = CompareConfigs(Schema(), first.in_effect, Tree(wanted));
  EXPECT_THAT(second.applied, IsEmpty());
  EXPECT_THAT(second.waiting, ElementsAre("http.listen"));
  const ConfigChange back = CompareConfigs(Schema(), second.in_effect, Tree({}));
  EXPECT_THAT(back.applied, ElementsAre("log.format"));
  EXPECT_THAT(back.waiting, IsEmpty());
}

// --- Each key of the schema, whichever there are.

// A value other than what is in effect: another choice, one more, or text of the same form.
std::string Another(const ConfigSchema::Json& schema) {
  if (schema.contains("enum")) return schema.at("enum").back();
  const auto& example = schema.at("examples").at(0);
  if (example.is_number()) return std::to_string(example.get<int>() + 1);
  std::string text = example;
  // "15s" to "115s", "/TEST" to "/1TEST", "0.0.0.0:8080" to "10.0.0.0:8080", "main" to "1main"
  const size_t scheme = text.find("://");
  const size_t at = scheme != std::string::npos ? scheme + 3 : text.starts_with('/') ? 1 : 0;
  return text.insert(at, "1");
}

TEST(ConfigChangeTest, EachKeyAppliesOrWaitsAsTheSchemaSaysOfItOrOfWhatIsAboveIt) {
  std::vector<std::string> before = {
      "elections.prefixes=[{election: a/b, prefix: /P}]", "elections.allowedPrefixes=/A",
      "clusters=[{name: n, quotaBytes: 1Gi}]", "etcd.tls={ca: /ca, cert: /cert, key: /key}",
      "etcd.auth={username: u, passwordFile: /p}"};
  int applied = 0;
  int waiting = 0;
  for (const ConfigPath& key : Schema().Keys()) {
    const auto& said = Schema().Resolve(*Schema().Find(key));
    if (said.at("type") == "object" || said.at("type") == "array") continue;
    bool live = false;
    for (size_t length = 1; length <= key.size(); ++length) {
      const ConfigPath above(key.begin(), key.begin() + static_cast<std::ptrdiff_t>(length));
      live |= Schema().Find(above)->value("x-reload", false);
    }
    std::vector<std::string> after = before;
    after.push_back(KeyOf(key) + "=" + Another(said));
    // The value need not make sense beside the others.
    const ConfigChange change = CompareConfigs(Schema(), Tree(before), Read(after).tree);
    const auto& named = live ? change.applied : change.waiting;
    EXPECT_TRUE((live ? change.waiting : change.applied).empty()) << KeyOf(key);
    ASSERT_EQ(named.size(), 1u) << KeyOf(key);
    // Of a list that applies as a whole, the list.
    EXPECT_TRUE(KeyOf(key).starts_with(named[0])) << KeyOf(key) << " as " << named[0];
    ++(live ? applied : waiting);
  }
  EXPECT_GT(applied, 5);
  EXPECT_GT(waiting, 5);
}

}  // namespace
}  // namespace bellwether::app
