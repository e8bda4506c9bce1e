#include "app/config_overrides.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "app/config_print.h"
#include "app/config_reading.h"

namespace bellwether::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Words = std::vector<std::string>;

constexpr const char* kFile =
    "etcd: {endpoints: [\"http://a:1\", \"http://b:1\"]}\n"
    "http: {listen: \"127.0.0.1:1\"}\n";

ConfigReading Read(Words sets, Words environment = {}, const char* file = kFile) {
  return ReadConfig(file, {.file = "f", .overrides = {std::move(environment), std::move(sets)}});
}

std::string ErrorOf(Words sets, Words environment = {}, const char* file = kFile) {
  const auto config = Read(std::move(sets), std::move(environment), file).config();
  return config.ok() ? "accepted" : config.error().message;
}

Config Of(Words sets, Words environment = {}) {
  auto config = Read(std::move(sets), std::move(environment)).config();
  EXPECT_TRUE(config.ok()) << config.error().message;
  return *config;
}

Words Endpoints(const Config& config) {
  Words names;
  for (const auto& endpoint : config.etcd.endpoints) names.push_back(endpoint.name);
  return names;
}

TEST(ConfigOverridesTest, TheFileYieldsToTheEnvironmentAndThatToSetOfWhichTheLastOneCounts) {
  const Words environment = {"BELLWETHER_HTTP_LISTEN=127.0.0.1:2", "PATH=/bin"};
  EXPECT_EQ(Of({}).http.listen, "127.0.0.1:1");
  EXPECT_EQ(Of({}, environment).http.listen, "127.0.0.1:2");
  EXPECT_EQ(Of({"http.listen=127.0.0.1:3"}, environment).http.listen, "127.0.0.1:3");
  EXPECT_EQ(Of({"http.listen=127.0.0.1:3", "http.listen=127.0.0.1:4"}).http.listen, "127.0.0.1:4");
  EXPECT_EQ(Of({}, {"BELLWETHER_HTTP_LISTEN="}).http.listen, "127.0.0.1:1") << "empty is not set";
}

TEST(ConfigOverridesTest, ListsAreReplacedOrOneEntryOrExtendedByOne) {
  EXPECT_THAT(Endpoints(Of({"etcd.endpoints=http://c:1"})), ElementsAre("http://c:1"));
  EXPECT_THAT(Endpoints(Of({"etcd.endpoints=http://c:1, http://d:1"})),
              ElementsAre("http://c:1", "http://d:1"));
  EXPECT_THAT(Endpoints(Of({"etcd.endpoints=[http://c:1, 'http://[::1]:1']"})),
              ElementsAre("http://c:1", "http://[::1]:1"));
  EXPECT_THAT(Endpoints(Of({"etcd.endpoints[1]=http://c:1"})),
              ElementsAre("http://a:1", "http://c:1"));
  EXPECT_THAT(Endpoints(Of({"etcd.endpoints[2]=http://c:1"})),
              ElementsAre("http://a:1", "http://b:1", "http://c:1"));
  // Whatever order the environment has them in, also beyond nine.
  Words environment;
  for (int i = 11; i >= 0; --i) {
    const std::string n = std::to_string(i);
    environment.push_back("BELLWETHER_ETCD_ENDPOINTS_" + n + "=http://h" + n + ":1");
  }
  environment.emplace_back("BELLWETHER_ETCD_ENDPOINTS=http://x:1");
  EXPECT_THAT(Endpoints(Of({}, environment)), testing::SizeIs(12));
  EXPECT_EQ(ErrorOf({"etcd.endpoints[4]=http://c:1"}),
            "--set etcd.endpoints[4]=http://c:1: etcd.endpoints[4]: this would leave a gap: the "
            "list has 2 entries, so that the next one is [2]");
}

TEST(ConfigOverridesTest, EntriesOfListsOfMapsAreMadeKeyByKey) {
  const Config config = Of({"elections.prefixes[0].election=a/b", "elections.prefixes[0].prefix=/T",
                            "clusters[0].quotaBytes=8Gi"},
                           {"BELLWETHER_CLUSTERS_0_QUOTA_BYTES=1"});
  ASSERT_EQ(config.prefixes.size(), 1u);
  EXPECT_EQ(config.prefixes[0].election.str(), "a/b");
  EXPECT_EQ(config.clusters[0].name, "main");
  EXPECT_EQ(config.clusters[0].quota_bytes, int64_t{8} << 30);
  EXPECT_EQ(Of({"elections.prefixes=[{election: c/d, prefix: /U}]"}).prefixes[0].prefix, "/U");
  EXPECT_EQ(Of({"etcd.endpoints=[https://h:1]", "etcd.tls={ca: /x}"}).etcd.tls.ca, "/x");
}

// What a shell makes easy to type must mean what it says.
TEST(ConfigOverridesTest, TextIsTakenAsItStandsUnlessItIsInQuotes) {
  const std::map<std::string, std::string> texts = {
      {"on", "on"},     {"007", "007"},         {"a: b", "a: b"}, {"[x", "[x"},
      {"x #y", "x #y"}, {"'quoted'", "quoted"}, {"\"a\"", "a"},   {"a=b", "a=b"}};
  for (const auto& [given, taken] : texts) {
    EXPECT_EQ(Of({"etcd.auth.username=" + given, "etcd.auth.passwordFile=/p"}).etcd.username,
              taken);
  }
  EXPECT_EQ(Of({"http.listen=[::]:80"}).http.listen, "[::]:80");
  EXPECT_EQ(Of({"http.limits.headerBytes=4096"}).http.limits.header_bytes, 4096u);
}

TEST(ConfigOverridesTest, MistakesAreNamedWithTheArgumentOrTheVariable) {
  EXPECT_EQ(ErrorOf({"log.level=loud"}),
            "--set log.level=loud: log.level: \"loud\" is not known; choose one of: debug, info, "
            "warning, error");
  EXPECT_EQ(ErrorOf({"log.levl=info"}),
            "--set log.levl=info: log.levl: unknown key; did you mean \"level\"?");
  EXPECT_EQ(ErrorOf({"log.level.x=1"}),
            "--set log.level.x=1: log.level: expected a string, for example info; found a map");
  EXPECT_EQ(ErrorOf({}, {"BELLWETHER_METRICS_MAX_ELECTIONS=many"}),
            "environment variable BELLWETHER_METRICS_MAX_ELECTIONS: metrics.maxElections: expected "
            "an integer, for example 20000; found a string: many");
  EXPECT_EQ(ErrorOf({"metrics.maxElections="}),
            "--set metrics.maxElections=: metrics.maxElections: expected an integer, for example "
            "20000; found a string: ");
  for (const char* odd : {"", "=", "=x", "log", "log..level=x", "etcd.endpoints[=x",
                          "etcd.endpoints[x]=y", "etcd.endpoints[99999]=y", "[0]=x", ".=x"}) {
    EXPECT_EQ(ErrorOf({odd}), "--set " + std::string(odd) +
                                  ": not KEY=VALUE; write it as http.listen=127.0.0.1:8080 or "
                                  "etcd.endpoints[0]=https://etcd-0:2379");
  }
  EXPECT_THAT(ErrorOf({"etcd.tls={ca: [}"}), HasSubstr("--set etcd.tls={ca: [}: not YAML"));
  EXPECT_THAT(ErrorOf({"http.listen=\xff"}), HasSubstr("not UTF-8"));
  EXPECT_THAT(ErrorOf({"http.listen=\x1b[0m"}), HasSubstr("--set http.listen=?[0m: a control"));
  // Of file and overrides together, in their order.
  EXPECT_EQ(ErrorOf({"log.format=x", "elections.prefixes[0].election=a/b"},
                    {"BELLWETHER_ELECTIONS_PREFIXES_0_PREFIX=/e/x"},
                    "etcd: {endpoints: [\"h:1\"], tsl: {}}\nelections: {root: /e}\n"),
            "f:1:28: etcd.tsl: unknown key; did you mean \"tls\"?\n"
            "environment variable BELLWETHER_ELECTIONS_PREFIXES_0_PREFIX: "
            "elections.prefixes[0].prefix: one of this prefix and the root \"/e\" (line 2) lies "
            "inside the other, so that their queues would be mixed up: \"/e/x\"; what lies under "
            "the root is served without being named here\n"
            "--set log.format=x: log.format: \"x\" is not known; choose one of: json, text");
}

TEST(ConfigOverridesTest, AMistakeInTheFileThatIsOverriddenDoesNotCount) {
  EXPECT_EQ(ErrorOf({"log.level=info"}, {}, "etcd: {endpoints: [\"h:1\"]}\nlog: {level: loud}\n"),
            "accepted");
}

TEST(ConfigOverridesTest, WithoutAFileTheOverridesMustNameEtcd) {
  const auto read = [](Words sets) {
    return ReadConfig(std::nullopt, {.overrides = {{}, std::move(sets)}}).config();
  };
  const auto config = read({"etcd.endpoints=http://h:1"});
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->http.listen, "0.0.0.0:8080");
  EXPECT_THAT(read({"log.level=info"}).error().message,
              testing::AllOf(HasSubstr("no configuration file: which etcd?"),
                             HasSubstr("BELLWETHER_ETCD_ENDPOINTS")));
}

TEST(ConfigOverridesTest, WarnsOfVariablesThatWereMeantAsKeysAndOfNoOthers) {
  const auto warnings = [](Words environment) { return Read({}, std::move(environment)).warnings; };
  EXPECT_THAT(warnings({"BELLWETHER_HTPP_LISTEN=x"}),
              ElementsAre("the environment variable BELLWETHER_HTPP_LISTEN is no key of the "
                          "configuration; did you mean BELLWETHER_HTTP_LISTEN?"));
  EXPECT_THAT(warnings({"BELLWETHER_LOG_COLOUR_OF_THE_LINES=x"}),
              ElementsAre(HasSubstr("--print-schema")));
  // What `run` gives its command, flags of other subcommands, Kubernetes' links to Services.
  EXPECT_THAT(warnings({"BELLWETHER_ELECTION=a/b",
                        "BELLWETHER_ID=x",
                        "BELLWETHER_TOKEN=7",
                        "BELLWETHER_LEADER=1",
                        "BELLWETHER_ENDPOINTS=h:1",
                        "BELLWETHER_CACERT=/x",
                        "BELLWETHER_CERT=/x",
                        "BELLWETHER_KEY=/x",
                        "BELLWETHER_USER=x",
                        "BELLWETHER_PASSWORD_FILE=/x",
                        "BELLWETHER_SERVICE_HOST=10.0.0.1",
                        "BELLWETHER_SERVICE_PORT=80",
                        "BELLWETHER_SERVICE_PORT_HTTP=80",
                        "BELLWETHER_PORT=tcp://10.0.0.1:80",
                        "BELLWETHER_PORT_8080_TCP=tcp://10.0.0.1:80",
                        "BELLWETHER_PORT_8080_TCP_PROTO=tcp",
                        "BELLWETHER_PORT_8080_TCP_PORT=80",
                        "BELLWETHER_PORT_8080_TCP_ADDR=10.0.0.1",
                        "BELLWETHER_HTTP_SERVICE_HOST=10.0.0.1",
                        "BELLWETHER_HTTP_PORT_8080_TCP=tcp://10.0.0.1:80",
                        "BELLWETHER_FLAVOUR=sweet",
                        "BELLWETHERS_HTTP_LISTEN=x",
                        "BELLWETHER_",
                        "BELLWETHER",
                        "=x"}),
              IsEmpty());
}

// --- Each key of the schema, whichever there are.

using Json = ConfigSchema::Json;

// A value that fits: the default, or the example.
std::string ValueFor(const ConfigSchema& schema, const ConfigPath& key) {
  const Json& found = *schema.Find(key);
  const Json& value =
      found.contains("default") ? found.at("default") : schema.Resolve(found).at("examples").at(0);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::vector<ConfigPath> Scalars(const ConfigSchema& schema) {
  std::vector<ConfigPath> scalars;
  for (const ConfigPath& key : schema.Keys()) {
    const Json& type = schema.Resolve(*schema.Find(key)).at("type");
    if (type != "object" && type != "array") scalars.push_back(key);
  }
  return scalars;
}

// The origin of each key's value, as it is printed, when all come from overrides.
void ExpectAllShown(const ConfigReading& reading,
                    const std::vector<std::pair<std::string, std::string>>& value_and_origin) {
  ASSERT_TRUE(reading.problems.empty()) << reading.problems.Describe(reading.sources);
  const std::string printed = PrintConfig(reading.tree, reading.sources);
  for (const auto& [value, origin] : value_and_origin) {
    EXPECT_TRUE(printed.find(" " + value + " # " + origin + "\n") != std::string::npos ||
                printed.find(" \"" + value + "\" # " + origin + "\n") != std::string::npos)
        << value << " # " << origin << "\n"
        << printed;
  }
  EXPECT_GT(value_and_origin.size(), 20u);
  EXPECT_THAT(printed, testing::Not(HasSubstr("# default")));
}

TEST(ConfigOverridesTest, EachKeyOfTheSchemaCanBeSetByTheEnvironmentAndIsPrinted) {
  const ConfigSchema schema;
  Words environment;
  std::vector<std::pair<std::string, std::string>> expected;
  for (const ConfigPath& key : Scalars(schema)) {
    const std::string value = ValueFor(schema, key);
    const std::string name = std::string(kVariablePrefix) + VariableOf(key);
    environment.push_back(name + "=" + value);
    expected.emplace_back(value, "environment variable " + name);
  }
  // An empty list that nobody sets would be a default.
  ExpectAllShown(ReadConfig(std::nullopt, {.overrides = {environment, {}}}), expected);
}

TEST(ConfigOverridesTest, EachKeyOfTheSchemaCanBeSetOnTheCommandLineAndIsPrinted) {
  const ConfigSchema schema;
  Words sets;
  std::vector<std::pair<std::string, std::string>> expected;
  for (const ConfigPath& key : Scalars(schema)) {
    const std::string value = ValueFor(schema, key);
    sets.push_back(KeyOf(key) + "=" + value);
    expected.emplace_back(value, "--set " + sets.back());
  }
  ExpectAllShown(ReadConfig(std::nullopt, {.overrides = {{}, sets}}), expected);
}

TEST(ConfigOverridesTest, EachMapAndListOfTheSchemaCanBeSetAsAWhole) {
  const ConfigSchema schema;
  int wholes = 0;
  for (const ConfigPath& key : schema.Keys()) {
    const Json& found = schema.Resolve(*schema.Find(key));
    if (found.at("type") != "object" && found.at("type") != "array") continue;
    const std::string value = found.at("examples").at(0).dump();
    const char* const file = "etcd: {endpoints: [\"https://a:1\"]}\n";
    EXPECT_EQ(ErrorOf({KeyOf(key) + "=" + value}, {}, file), "accepted") << KeyOf(key);
    EXPECT_EQ(ErrorOf({}, {std::string(kVariablePrefix) + VariableOf(key) + "=" + value}, file),
              "accepted")
        << KeyOf(key);
    ++wholes;
  }
  EXPECT_GT(wholes, 10);
}

TEST(ConfigOverridesTest, TheNameOfAVariableNamesOneKeyAndNobodyElsesVariable) {
  const ConfigSchema schema;
  const std::vector<ConfigPath> keys = schema.Keys();
  for (const ConfigPath& key : keys) {
    const std::string variable = VariableOf(key);
    EXPECT_FALSE(IsVariableOfOthers(variable)) << variable;
    EXPECT_EQ(ParseConfigPath(KeyOf(key)), key) << variable;
    for (const ConfigPath& other : keys) {
      const auto path = PathOfVariable(variable, other);
      EXPECT_EQ(path.has_value(), other == key) << variable << " " << KeyOf(other);
      if (path) {
        EXPECT_EQ(*path, key);
      }
    }
  }
}

// --- Printing

bool Same(const ConfigNode& a, const ConfigNode& b) {
  if (a.kind != b.kind || a.key != b.key || a.text != b.text) return false;
  return std::equal(a.children.begin(), a.children.end(), b.children.begin(), b.children.end(),
                    Same);
}

TEST(ConfigPrintTest, WhatIsPrintedReadsAsTheSameConfiguration) {
  const ConfigReading reading =
      Read({"elections.prefixes=[{election: a/b, prefix: /T}, {election: c/d, prefix: '/\xc3\xbc "
            "\"\\:#'}]",
            "etcd.auth={username: \"on\", passwordFile: \"1\"}", "http.limits.bodyBytes=7"},
           {"BELLWETHER_ELECTIONS_ALLOWED_PREFIXES=/x,/y"});
  ASSERT_TRUE(reading.problems.empty()) << reading.problems.Describe(reading.sources);
  const std::string printed = PrintConfig(reading.tree, reading.sources);
  const ConfigReading again = ReadConfig(printed, {.file = "g"});
  ASSERT_TRUE(again.problems.empty()) << again.problems.Describe(again.sources) << printed;
  EXPECT_TRUE(Same(reading.tree, again.tree)) << printed;
}

TEST(ConfigPrintTest, TellsWhereEachValueCameFrom) {
  const ConfigReading reading = Read(
      {"etcd.endpoints[1]=http://c:1", "log={level: debug}"},
      {"BELLWETHER_HTTP_LISTEN=127.0.0.1:2"},
      "log: {format: text}\nmetrics:\n  maxElections: 5\netcd: {endpoints: [\"http://a:1\"]}\n");
  ASSERT_TRUE(reading.problems.empty()) << reading.problems.Describe(reading.sources);
  const std::string printed = PrintConfig(reading.tree, reading.sources);
  EXPECT_THAT(printed, testing::StartsWith("etcd:\n"
                                           "  endpoints:\n"
                                           "    - \"http://a:1\" # f:4\n"
                                           "    - \"http://c:1\" # --set "
                                           "etcd.endpoints[1]=http://c:1\n"
                                           "elections:\n"
                                           "  root: \"/bellwether/elections\" # default\n"
                                           "  prefixes: [] # default\n"));
  EXPECT_THAT(printed, HasSubstr("  listen: \"127.0.0.1:2\" # environment variable "
                                 "BELLWETHER_HTTP_LISTEN\n"));
  EXPECT_THAT(printed, HasSubstr("clusters:\n  - name: \"main\" # default\n"
                                 "metrics:\n  maxElections: 5 # f:3\n"
                                 "log:\n  format: \"json\" # default\n"
                                 "  level: \"debug\" # --set log={level: debug}\n"));
}

}  // namespace
}  // namespace bellwether::app
