#include "app/config_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "app/config_reading.h"
#include "base/duration.h"
#include "unit/app/another_validator.h"

namespace bellwether::app {
namespace {

using nlohmann::json;

json Schema() { return json::parse(ConfigSchema::Text()); }

// By an independent validator of JSON schema draft 7.
bool OthersAccept(const json& document) {
  static const AnotherValidator validator(Schema());
  return validator.Accepts(document);
}

// Empty = accepted.
std::string OurProblems(const std::string& text) {
  static const ConfigSchema schema;
  ConfigProblems problems;
  const ConfigNode root = ParseConfigTree(text, 0, problems);
  if (problems.empty()) schema.Check(root, problems);
  return problems.empty() ? "" : problems.Describe({"f"});
}

// A document that holds every key of the schema.
json Full() {
  return json::parse(R"({
    "etcd": {"endpoints": ["https://h:1"], "tls": {"ca": "a", "cert": "c", "key": "k"},
             "auth": {"username": "u", "passwordFile": "p"}},
    "elections": {"root": "/r", "prefixes": [{"election": "a/b", "prefix": "/p"}],
                  "allowedPrefixes": ["/q"]},
    "http": {"listen": "127.0.0.1:80",
             "tls": {"cert": "web", "key": "web-key", "clientCa": "clients"},
             "limits": {"connections": 12, "headerBytes": "6Ki", "targetBytes": "3Ki",
                        "bodyBytes": "4Ki", "bytesUnderWay": "5120Ki", "watchers": 11,
                        "linearizableReads": 6,
                        "headerTimeout": "7s", "idleTimeout": "8s", "answerTimeout": "9s",
                        "writeTimeout": "10s"}},
    "clusters": [{"name": "n", "quotaBytes": "8Gi"}],
    "metrics": {"maxElections": 5},
    "log": {"format": "text", "level": "debug", "access": "all"}})");
}

// Calls it with every value in the document, the root last, and what may be done to its parent.
void ForEachPath(const json& document, const json::json_pointer& at,
                 const std::function<void(const json::json_pointer&)>& told) {
  const json& value = document.at(at);
  if (value.is_object()) {
    for (const auto& [key, child] : value.items()) ForEachPath(document, at / key, told);
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) ForEachPath(document, at / i, told);
  }
  told(at);
}

TEST(ConfigSchemaTest, AnotherValidatorAgreesOnEveryDocument) {
  const json full = Full();
  ASSERT_EQ(OurProblems(full.dump()), "");
  ASSERT_TRUE(OthersAccept(full));
  const json strange[] = {nullptr,
                          true,
                          0,
                          7,
                          -1,
                          1.5,
                          1e99,
                          1000001,
                          "",
                          "x",
                          "/",
                          "/x/",
                          "/registry",
                          "/registry/x",
                          "/registryx",
                          "8Gi",
                          "0Gi",
                          "8ki",
                          "8k",
                          "8KB",
                          "8G iB",
                          "15s",
                          "a/b",
                          "A/b",
                          "a/b/c",
                          "-a/b",
                          "a-/b",
                          "a",
                          "http://h:1",
                          "h:1",
                          "ftp://h:1",
                          "unix:///s",
                          "unix:",
                          "http://h",
                          "http://[::1]:1",
                          "http://h:x",
                          "0.0.0.0:1",
                          "[::]:1",
                          ":1",
                          "h",
                          "json",
                          "text",
                          "info",
                          "JSON",
                          json::array(),
                          json{"x"},
                          json{"h:1", "h:1"},
                          json{"/a", "/b"},
                          json::object(),
                          json{{"x", 1}},
                          json{{"name", "x"}},
                          json{json{{"name", "x"}}},
                          std::string(64, 'a'),
                          std::string(5000, 'a')};
  int compared = 0;
  int refused = 0;
  const auto compare = [&](const json& document) {
    const std::string problems = OurProblems(document.dump());
    EXPECT_EQ(problems.empty(), OthersAccept(document)) << document.dump() << "\n" << problems;
    ++compared;
    if (!problems.empty()) ++refused;
  };
  ForEachPath(full, json::json_pointer(), [&](const json::json_pointer& at) {
    for (const json& value : strange) {
      json mutant = full;
      mutant[at] = value;
      if (!mutant.is_null()) compare(mutant);
    }
    json more = full;
    if (more.at(at).is_object()) {
      more[at]["unheardOf"] = 1;
      compare(more);
    }
    if (at.empty()) return;
    json less = full;
    json& parent = less[at.parent_pointer()];
    if (parent.is_object()) {
      parent.erase(at.back());
    } else {
      parent.erase(std::stoul(at.back()));
    }
    compare(less);
  });
  EXPECT_GT(compared, 1000);
  EXPECT_GT(refused, 500);
  EXPECT_GT(compared - refused, 100);
}

TEST(ConfigSchemaTest, UsesOnlyWhatWeUnderstand) {
  const std::set<std::string> known = {"$schema",     "$ref",
                                       "title",       "description",
                                       "examples",    "default",
                                       "type",        "enum",
                                       "format",      "pattern",
                                       "minimum",     "maximum",
                                       "minLength",   "maxLength",
                                       "items",       "minItems",
                                       "maxItems",    "uniqueItems",
                                       "required",    "dependencies",
                                       "properties",  "additionalProperties",
                                       "definitions", "x-reload"};
  const std::function<void(const json&, const std::string&)> visit = [&](const json& schema,
                                                                         const std::string& name) {
    for (const auto& [keyword, value] : schema.items()) {
      EXPECT_TRUE(known.contains(keyword)) << name << ": " << keyword;
    }
    if (schema.value("type", json()) == "object") {
      EXPECT_EQ(schema.value("additionalProperties", true), false) << name << ": a typo would pass";
    }
    if (schema.contains("items")) visit(schema.at("items"), name + "[]");
    for (const char* group : {"properties", "definitions"}) {
      const json children = schema.value(group, json::object());
      for (const auto& [key, child] : children.items()) visit(child, name + "." + key);
    }
  };
  visit(Schema(), "");
}

std::string Ki(size_t bytes) { return std::to_string(bytes >> 10) + "Ki"; }

// Each leaf of the schema, how a file sets it to something that is not the default, and where the
// reader puts it: a key that the schema has and the reader ignores would be a setting without
// effect.
TEST(ConfigSchemaTest, EveryKeyIsReadAndEveryKeyReadIsInTheSchema) {
  const std::map<std::string, std::function<std::string(const Config&)>> readers = {
      {"/etcd/endpoints", [](const Config& c) { return c.etcd.endpoints.at(0).name; }},
      {"/etcd/tls/ca", [](const Config& c) { return c.etcd.tls.ca; }},
      {"/etcd/tls/cert", [](const Config& c) { return c.etcd.tls.cert; }},
      {"/etcd/tls/key", [](const Config& c) { return c.etcd.tls.key; }},
      {"/etcd/auth/username", [](const Config& c) { return c.etcd.username; }},
      {"/etcd/auth/passwordFile", [](const Config& c) { return c.etcd.password_file; }},
      {"/elections/root", [](const Config& c) { return c.root; }},
      {"/elections/prefixes/election",
       [](const Config& c) { return c.prefixes.at(0).election.str(); }},
      {"/elections/prefixes/prefix", [](const Config& c) { return c.prefixes.at(0).prefix; }},
      {"/elections/allowedPrefixes", [](const Config& c) { return c.allowed_prefixes.at(0); }},
      {"/http/listen", [](const Config& c) { return c.http.listen; }},
      {"/http/tls/cert", [](const Config& c) { return c.http.tls.cert; }},
      {"/http/tls/key", [](const Config& c) { return c.http.tls.key; }},
      {"/http/tls/clientCa", [](const Config& c) { return c.http.tls.ca; }},
      {"/http/limits/connections",
       [](const Config& c) { return std::to_string(c.http.limits.connections); }},
      {"/http/limits/headerBytes", [](const Config& c) { return Ki(c.http.limits.header_bytes); }},
      {"/http/limits/targetBytes", [](const Config& c) { return Ki(c.http.limits.target_bytes); }},
      {"/http/limits/bodyBytes", [](const Config& c) { return Ki(c.http.limits.body_bytes); }},
      {"/http/limits/bytesUnderWay",
       [](const Config& c) { return Ki(c.http.limits.bytes_under_way); }},
      {"/http/limits/watchers",
       [](const Config& c) { return std::to_string(c.http.limits.watchers); }},
      {"/http/limits/linearizableReads",
       [](const Config& c) { return std::to_string(c.http.limits.linearizable_reads); }},
      {"/http/limits/headerTimeout",
       [](const Config& c) { return ToString(c.http.limits.header_timeout); }},
      {"/http/limits/idleTimeout",
       [](const Config& c) { return ToString(c.http.limits.idle_timeout); }},
      {"/http/limits/answerTimeout",
       [](const Config& c) { return ToString(c.http.limits.answer_timeout); }},
      {"/http/limits/writeTimeout",
       [](const Config& c) { return ToString(c.http.limits.write_timeout); }},
      {"/clusters/name", [](const Config& c) { return c.clusters.at(0).name; }},
      {"/clusters/quotaBytes",
       [](const Config& c) { return std::to_string(*c.clusters.at(0).quota_bytes >> 30) + "Gi"; }},
      {"/metrics/maxElections",
       [](const Config& c) { return std::to_string(c.metrics_max_elections); }},
      {"/log/format",
       [](const Config& c) { return c.log_format == log::Format::kText ? "text" : "json"; }},
      {"/log/access",
       [](const Config& c) {
         return c.http.access_log == http::AccessLog::kAll ? "all" : "other";
       }},
      {"/log/level",
       [](const Config& c) { return c.log_level == log::Level::kDebug ? "debug" : "other"; }},
  };
  const auto config = ReadConfig(Full().dump(), {.file = "f"}).config();
  ASSERT_TRUE(config.ok()) << config.error().message;
  const json schema = Schema();
  std::set<std::string> leaves;
  const std::function<void(json, const json&, const std::string&)> visit =
      [&](json node, const json& value, const std::string& path) {
        if (node.contains("$ref")) {
          node = schema.at(json::json_pointer(node["$ref"].get<std::string>().substr(1)));
        }
        if (node.at("type") == "array") return visit(node.at("items"), value.at(0), path);
        if (node.at("type") == "object") {
          for (const auto& [key, child] : node.at("properties").items()) {
            ASSERT_TRUE(value.contains(key)) << path << " lacks " << key << " in Full()";
            visit(child, value.at(key), path + "/" + key);
          }
          return;
        }
        leaves.insert(path);
        const auto reader = readers.find(path);
        ASSERT_NE(reader, readers.end()) << path << " is in the schema, but is it read?";
        EXPECT_EQ(reader->second(*config),
                  value.is_string() ? value.get<std::string>() : value.dump())
            << path;
      };
  visit(schema, Full(), "");
  for (const auto& [path, reader] : readers) EXPECT_TRUE(leaves.contains(path)) << path;
}

TEST(ConfigSchemaTest, TheShippedExampleShowsEveryKeyAndSatisfiesTheSchema) {
  std::ifstream file(BELLWETHER_EXAMPLE_CONFIG);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(OurProblems(text.str()), "");
  ForEachPath(Full(), json::json_pointer(), [&](const json::json_pointer& at) {
    if (at.empty() || std::isdigit(at.back().front()) != 0) return;
    EXPECT_NE(text.str().find(at.back() + ":"), std::string::npos) << at.to_string();
  });
}

// An example in a message that is itself refused would send people in circles.
TEST(ConfigSchemaTest, ItsExamplesAndDefaultsAreValid) {
  int examples = 0;
  const std::function<void(const json&, const json::json_pointer&)> visit =
      [&](const json& node, const json::json_pointer& at) {
        const json properties = node.value("properties", json::object());
        for (const auto& [key, child] : properties.items()) {
          const auto below = at / key;
          std::vector<json> values = child.value("examples", std::vector<json>());
          if (child.contains("default")) values.push_back(child.at("default"));
          for (const json& value : values) {
            json document = Full();
            document[below] = value;
            EXPECT_EQ(OurProblems(document.dump()), "") << below.to_string();
            ++examples;
          }
          visit(child, below);
        }
      };
  visit(Schema(), json::json_pointer());
  EXPECT_GT(examples, 15);
}

}  // namespace
}  // namespace bellwether::app
