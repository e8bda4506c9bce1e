#include "app/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "app/config_print.h"
#include "app/config_reading.h"

namespace bellwether::app {
namespace {

using testing::HasSubstr;

constexpr const char* kLeast = "etcd: {endpoints: [\"http://127.0.0.1:2379\"]}\n";

Result<Config> Read(const std::string& text) { return ReadConfig(text, {.file = "f"}).config(); }

std::string ErrorOf(const std::string& text) {
  const auto config = Read(text);
  return config.ok() ? "accepted" : config.error().message;
}

TEST(ConfigTest, TheLeastOneGetsTheDocumentedDefaults) {
  const auto config = Read(kLeast);
  ASSERT_TRUE(config.ok()) << config.error().message;
  ASSERT_EQ(config->etcd.endpoints.size(), 1u);
  EXPECT_EQ(config->etcd.endpoints[0].target, "dns:///127.0.0.1:2379");
  EXPECT_TRUE(config->etcd.tls.ca.empty());
  EXPECT_TRUE(config->etcd.username.empty());
  EXPECT_EQ(config->root, election::kDefaultRoot);
  EXPECT_TRUE(config->prefixes.empty());
  EXPECT_TRUE(config->allowed_prefixes.empty());
  const http::ServerOptions http;
  EXPECT_EQ(config->http.listen, http.listen);
  EXPECT_EQ(config->http.limits.connections, http.limits.connections);
  EXPECT_EQ(config->http.limits.header_bytes, http.limits.header_bytes);
  EXPECT_EQ(config->http.limits.target_bytes, http.limits.target_bytes);
  EXPECT_EQ(config->http.limits.body_bytes, http.limits.body_bytes);
  EXPECT_EQ(config->http.limits.bytes_under_way, http.limits.bytes_under_way);
  EXPECT_EQ(config->http.limits.watchers, http.limits.watchers);
  EXPECT_EQ(config->http.limits.linearizable_reads, http.limits.linearizable_reads);
  EXPECT_EQ(config->http.limits.header_timeout, http.limits.header_timeout);
  EXPECT_EQ(config->http.limits.idle_timeout, http.limits.idle_timeout);
  EXPECT_EQ(config->http.limits.answer_timeout, http.limits.answer_timeout);
  EXPECT_EQ(config->http.limits.write_timeout, http.limits.write_timeout);
  ASSERT_EQ(config->clusters.size(), 1u);
  EXPECT_EQ(config->clusters[0].name, "main");
  EXPECT_EQ(config->clusters[0].quota_bytes, std::nullopt);
  EXPECT_EQ(config->metrics_max_elections, 20000u);
  EXPECT_EQ(config->log_format, log::Format::kJson);
  EXPECT_EQ(config->log_level, log::Level::kInfo);
  EXPECT_EQ(config->http.access_log, http.access_log);
}

TEST(ConfigTest, TheExampleThatIsShippedLoads) {
  const auto config = LoadConfig({.file = BELLWETHER_EXAMPLE_CONFIG}).config();
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->etcd.endpoints.size(), 3u);
  ASSERT_EQ(config->prefixes.size(), 1u);
  EXPECT_EQ(config->prefixes[0].election.str(), "legacy/locker");
  EXPECT_EQ(config->clusters[0].quota_bytes, int64_t{8} << 30);
}

// The printed file gives every value, so a default that does not go with one would be refused.
TEST(ConfigTest, DefaultsMakeRoomForWhatIsGivenAndCanBeReadAgain) {
  const ConfigReading reading =
      ReadConfig(kLeast + std::string("http: {limits: {connections: 500, headerBytes: 2Ki}}\n"),
                 {.file = "f"});
  ASSERT_TRUE(reading.problems.empty());
  EXPECT_THAT(reading.warnings, testing::IsEmpty());
  EXPECT_EQ(reading.config()->http.limits.watchers, 400u);
  EXPECT_EQ(reading.config()->http.limits.target_bytes, 2048u);
  const auto again = Read(PrintConfig(reading.tree, reading.sources));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->http.limits.watchers, 400u);
  EXPECT_EQ(Read(kLeast + std::string("http: {limits: {connections: 1}}\n"))->http.limits.watchers,
            0u);
}

TEST(ConfigTest, ScalarsAreReadAsYaml12HasThem) {
  const auto config = Read(
      "\xef\xbb\xbf%YAML 1.2\n---\netcd:\n  endpoints: ['http://h:1', h:2]\n"
      "  auth: {username: on, passwordFile: \"/p\"}\nclusters: [{name: a, quotaBytes: 1048576}]\n"
      "elections: {root: \"/\xc3\xbc\"}\n");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->etcd.username, "on");
  EXPECT_EQ(config->clusters[0].quota_bytes, 1048576);
  EXPECT_EQ(config->root, "/\xc3\xbc");
}

struct Bad {
  std::string text;
  std::string message;
};

TEST(ConfigTest, EachMistakeIsNamedWithItsPlaceAndTheRemedy) {
  const std::string least = kLeast;
  const Bad table[] = {
      // The file as a whole.
      {"",
       "f: the file is empty; the least that it needs is\n  etcd: {endpoints: "
       "[\"http://127.0.0.1:2379\"]}"},
      {"# nothing\n",
       "f: the file is empty; the least that it needs is\n  etcd: {endpoints: "
       "[\"http://127.0.0.1:2379\"]}"},
      {"- etcd\n", "f:1:1: expected a map; found a list"},
      {"etcd", "f:1:1: expected a map; found a string: etcd"},
      {std::string(300 * 1024, '#'), "f: larger than 256 KiB; is this the right file?"},
      {"etcd:\n  endpoints: [\"\xff\"]\n", "f:2:16: not UTF-8; save the file in that encoding"},
      {"etcd: \"\xc3\xbc\x01\"\n", "f:1:9: a control character; is this a text file?"},
      {"etcd:\n\tendpoints: []\n", "f:2:1: a tab as indentation, which YAML forbids; use spaces"},
      {"etcd: {endpoints: [http://h:1]\n",
       "f:2:1: not YAML: end of map flow not found; look at the indentation, quotes and brackets "
       "here and in the line before"},
      {least + "---\nx: 1\n", "f:3:1: a second document after '---'; keep one"},
      {"etcd: &a {endpoints: [\"http://h:1\"]}\nhttp: *a\n",
       "f:2:7: aliases (*name) are not read here; write the value out"},
      {"etcd: !!map {endpoints: []}\n",
       "f:1:7: the tag tag:yaml.org,2002:map is not read here; leave it out"},
      {"? [a]\n: 1\n", "f:1:3: a key must be plain text, not a list or a map"},
      {std::string(40, '[') + std::string(40, ']'),
       "f:1:33: nested more than 32 levels deep; nothing in this file needs that"},
      {"etcd:\n  endpoints: [\"http://h:1\"]\netcd: {}\n",
       "f:3:1: the key \"etcd\" stands here a second time (the first one is in line 1); keep one "
       "of "
       "them\nf:3:7: etcd.endpoints: missing, for example "
       "[\"https://etcd-0:2379\",\"https://etcd-1:2379\"]"},
      // Keys.
      {least + "metrics:\n  maxElection: 5\n",
       "f:3:3: metrics.maxElection: unknown key; did you mean \"maxElections\"?"},
      {least + "cluster: []\n", "f:2:1: cluster: unknown key; did you mean \"clusters\"?"},
      {least + "log: {colour: true}\n",
       "f:2:7: log.colour: unknown key; known here: format, level, access"},
      {least + "grpc: {listen: x}\n",
       "f:2:1: grpc: unknown key; known here: etcd, elections, http, clusters, metrics, log"},
      {"http: {listen: \"0.0.0.0:1\"}\n",
       "f:1:1: etcd: missing, for example {\"endpoints\":[\"https://etcd-0:2379\"]}"},
      {"etcd: {endpoints: [\"http://h:1\"], tls: {cert: c}}\n",
       "f:1:40: etcd.tls.key: missing, which belongs to \"cert\", for example "
       "/etc/bellwether/ca.pem"},
      // Types.
      {"etcd:\n",
       "f:1:1: etcd: expected a map, for example "
       "{\"endpoints\":[\"https://etcd-0:2379\"]}; found nothing"},
      {"etcd: {endpoints: http://h:1}\n",
       "f:1:19: etcd.endpoints: expected a list, for example "
       "[\"https://etcd-0:2379\",\"https://etcd-1:2379\"]; found a string: http://h:1"},
      {"etcd: {endpoints: []}\n",
       "f:1:19: etcd.endpoints: the list is empty; name at least one, for example "
       "[\"https://etcd-0:2379\",\"https://etcd-1:2379\"]"},
      {"etcd: {endpoints: [2379]}\n",
       "f:1:20: etcd.endpoints[0]: expected a string, for example https://etcd-0:2379; found an "
       "integer: 2379 (put it in quotes if it is meant as text)"},
      {least + "metrics: {maxElections: \"5\"}\n",
       "f:2:25: metrics.maxElections: expected an integer, for example 20000; found a string: 5"},
      {least + "log: {level: [info]}\n",
       "f:2:14: log.level: expected a string, for example info; found a list"},
      {least + "clusters: [{name: main, quotaBytes: 1.5}]\n",
       "f:2:37: clusters[0].quotaBytes: expected a string or an integer, for example 8Gi; found a "
       "number: 1.5 (put it in quotes if it is meant as text)"},
      // Values.
      {least + "log: {level: warn}\n",
       "f:2:14: log.level: \"warn\" is not known; choose one of: debug, info, warning, error"},
      {least + "log: {format: jsn}\n",
       "f:2:15: log.format: \"jsn\" is not known; did you mean \"json\"?"},
      {least + "metrics: {maxElections: -1}\n",
       "f:2:25: metrics.maxElections: -1 is too small; at least 0 can be given"},
      {least + "metrics: {maxElections: 1000001}\n",
       "f:2:25: metrics.maxElections: 1000001 is too large; at most 1000000 can be given"},
      {least + "clusters: [{name: main, quotaBytes: 8Gx}]\n",
       "f:2:37: clusters[0].quotaBytes: \"8Gx\" is not a size; write a whole number of bytes, or "
       "one with Ki, Mi, Gi or Ti, such as 8Gi"},
      {least + "clusters: [{name: Main}]\n",
       "f:2:19: clusters[0].name: \"Main\" is not a name of a cluster, for example main"},
      {least + "clusters: [{name: a}, {name: b}]\n",
       "f:2:11: clusters: a list of 2; at most 1 can be given"},
      {least + "http: {listen: \":8080\"}\n",
       "f:2:16: http.listen: cannot listen on \":8080\": the host is missing; write 0.0.0.0:8080 "
       "or "
       "[::]:8080 for all addresses"},
      {least + "http: {limits: {idleTimeout: 5}}\n",
       "f:2:30: http.limits.idleTimeout: expected a string, for example 15s; found an integer: 5 "
       "(put it in quotes if it is meant as text)"},
      {least + "http: {limits: {idleTimeout: 5 s, bodyBytes: 0Ki, answerTimeout: 0s}}\n",
       "f:2:30: http.limits.idleTimeout: \"5 s\" is not a duration; write a number and ms, s, m or "
       "h, such as 15s\n"
       "f:2:46: http.limits.bodyBytes: \"0Ki\" is nothing at all; a size such as 8Gi is wanted\n"
       "f:2:66: http.limits.answerTimeout: \"0s\" is nothing at all; a duration such as 15s is "
       "wanted"},
      // A bare number is a size; what YAML takes for one besides is none.
      {least + "http: {limits: {headerBytes: +8192}}\n",
       "f:2:30: http.limits.headerBytes: \"+8192\" is not a size; write a whole number of bytes, "
       "or "
       "one with Ki, Mi, Gi or Ti, such as 8Gi"},
      {least + "clusters: [{name: main, quotaBytes: -0}]\n",
       "f:2:37: clusters[0].quotaBytes: -0 is too small; at least 1 can be given"},
      // Limits with which nothing could be answered, or that limit nothing.
      {least + "http: {limits: {headerBytes: 1, answerTimeout: 1ms, idleTimeout: 25h}}\n",
       "f:2:30: http.limits.headerBytes: 1 is too small; at least 1Ki can be given\n"
       "f:2:48: http.limits.answerTimeout: 1ms is too small; at least 100ms can be given\n"
       "f:2:66: http.limits.idleTimeout: 25h is too large; at most 24h can be given"},
      {least + "http: {limits: {targetBytes: 9Ki}}\n",
       "f:2:30: http.limits.targetBytes: 9Ki is more than headerBytes (8Ki), of which it is a "
       "part; "
       "lower it or raise headerBytes"},
      {least + "http: {limits: {connections: 100, watchers: 100}}\n",
       "f:2:45: http.limits.watchers: 100 are not less than connections (100), so that they could "
       "take all of them; lower it or raise connections"},
      {least + "http: {tls: {clientCa: c}}\n",
       "f:2:13: http.tls.cert: missing, for example /etc/bellwether/ca.pem\n"
       "f:2:13: http.tls.key: missing, for example /etc/bellwether/ca.pem"},
      {"etcd: {endpoints: [\"http://h:1\"], tls: {ca: c}}\n",
       "f:1:35: etcd.tls: no endpoint is https://, so that nothing would be encrypted; write the "
       "endpoints as https://HOST:PORT, or leave tls out"},
      {"etcd: {endpoints: [\"ftp://h:1\"]}\n",
       "f:1:20: etcd.endpoints[0]: etcd endpoint \"ftp://h:1\": unknown scheme; write it as "
       "http://HOST:PORT, https://HOST:PORT or unix:///PATH"},
      {"etcd: {endpoints: [\"h:1\", \"h:1\"]}\n",
       "f:1:27: etcd.endpoints[1]: \"h:1\" stands in this list twice; keep one"},
      {least + "elections: {allowedPrefixes: [/registry/x]}\n",
       "f:2:31: elections.allowedPrefixes[0]: prefix \"/registry/x\" is Kubernetes' own data, "
       "where "
       "nobody may hold elections"},
      {"etcd: {endpoints: [\"h:1\"], auth: {username: \"\", passwordFile: p}}\n",
       "f:1:45: etcd.auth.username: empty, for example bellwether"},
      // Prefixes that would mix queues up.
      {least + "elections:\n  root: /e\n  prefixes:\n    - {election: a/b, prefix: /e/a/c}\n",
       "f:5:31: elections.prefixes[0].prefix: one of this prefix and the root \"/e\" (line 3) lies "
       "inside the other, so that their queues would be mixed up: \"/e/a/c\"; what lies under the "
       "root is served without being named here"},
      {least + "elections:\n  prefixes: [{election: a/b, prefix: /bellwether}]\n",
       "f:3:38: elections.prefixes[0].prefix: one of this prefix and the root "
       "\"/bellwether/elections\" lies inside the other, so that their queues would be mixed up: "
       "\"/bellwether\"; what lies under the root is served without being named here"},
      {least + "elections:\n  prefixes:\n    - {election: a/b, prefix: /T}\n"
               "    - {election: a/b, prefix: /T/x}\n",
       "f:5:18: elections.prefixes[1].election: \"a/b\" (line 4) is served under this name "
       "already; "
       "choose another\n"
       "f:5:31: elections.prefixes[1].prefix: one of this prefix and \"/T\" (line 4) lies inside "
       "the "
       "other, so that their queues would be mixed up: \"/T/x\"; choose prefixes that stand side "
       "by "
       "side"},
  };
  for (const Bad& bad : table) EXPECT_EQ(ErrorOf(bad.text), bad.message) << bad.text.substr(0, 200);
}

TEST(ConfigTest, AllMistakesOfAFileAreToldInItsOrder) {
  EXPECT_EQ(
      ErrorOf("log: {level: loud}\n"
              "elections: {prefixes: [{election: A, prefix: /x/}, {election: a/b, prefix: "
              "/bellwether/elections}]}\n"
              "etcd: {endpoint: []}\n"),
      "f:1:14: log.level: \"loud\" is not known; choose one of: debug, info, warning, error\n"
      "f:2:35: elections.prefixes[0].election: election \"A\": expected <namespace>/<name>, for "
      "example batch/report\n"
      "f:2:46: elections.prefixes[0].prefix: prefix \"/x/\" ends with '/'; leave that out\n"
      "f:2:76: elections.prefixes[1].prefix: one of this prefix and the root "
      "\"/bellwether/elections\" lies inside the other, so that their queues would be mixed "
      "up: \"/bellwether/elections\"; what lies under the root is served without being named "
      "here\n"
      "f:3:7: etcd.endpoints: missing, for example "
      "[\"https://etcd-0:2379\",\"https://etcd-1:2379\"]\n"
      "f:3:8: etcd.endpoint: unknown key; did you mean \"endpoints\"?");
}

TEST(ConfigTest, AFileOfAnotherProgramDoesNotFillTheTerminal) {
  std::string text = kLeast;
  for (int i = 0; i < 5000; ++i)
    text += "k" + std::to_string(i) +
            ": \x1b"
            "[31m\n";
  EXPECT_THAT(ErrorOf(text), HasSubstr("control character"));
  text = kLeast;
  for (int i = 0; i < 5000; ++i) text += "k" + std::to_string(i) + ": 1\n";
  const std::string error = ErrorOf(text);
  EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 20);
  EXPECT_THAT(error, testing::EndsWith("\nf: and 4980 more"));
  EXPECT_LT(ErrorOf(kLeast + std::string(50000, 'x') + ": 1\n").size(), 500u);
}

TEST(ConfigTest, HostileFilesEndQuickly) {
  std::string deep = "[";
  for (int i = 0; i < 60000; ++i) deep += "[ ";
  EXPECT_THAT(ErrorOf("a: " + deep), HasSubstr("f:1:"));
  EXPECT_THAT(ErrorOf(std::string(200000, '[')), HasSubstr("f:1:"));
  EXPECT_THAT(ErrorOf("a: [" + std::string(200000, ',')), HasSubstr("f:1:"));
  std::string many = "a: [";
  for (int i = 0; i < 60000; ++i) many += "1,";
  EXPECT_THAT(ErrorOf(many + "]"), HasSubstr("more than 10000 values"));
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    const std::string last(1, static_cast<char>(c - 1));
    bomb += std::string(1, c) + ": &" + c + " [*" + last + ",*" + last + "]\n";
  }
  EXPECT_THAT(ErrorOf(bomb), HasSubstr("aliases"));
  EXPECT_THAT(ErrorOf(std::string(100000, '{') + ": &"), HasSubstr("f:1:"));
  EXPECT_THAT(ErrorOf(kLeast + std::string("x: '") + std::string(200000, '\n')), HasSubstr("f:"));
}

TEST(ConfigTest, AFileThatCannotBeReadIsNamedWithTheReason) {
  EXPECT_EQ(LoadConfig({.file = "/nonexistent/f.yaml"}).config().error().message,
            "/nonexistent/f.yaml: cannot be read: No such file or directory; give the path of a "
            "YAML file");
  EXPECT_EQ(LoadConfig({.file = "/tmp"}).config().error().message,
            "/tmp: cannot be read: Is a directory; give the path of a YAML file");
}

}  // namespace
}  // namespace bellwether::app
