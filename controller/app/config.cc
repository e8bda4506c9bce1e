#include "app/config.h"

#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "base/duration.h"

namespace bellwether::app {
namespace {

// Of a tree that the schema has checked and completed, so that what is required or has a default is
// there.
const ConfigNode& At(const ConfigNode& map, std::string_view key) {
  const ConfigNode* found = map.Find(key);
  BW_CHECK(found != nullptr);
  return *found;
}

std::string TextAt(const ConfigNode& map, std::string_view key) {
  const ConfigNode* found = map.Find(key);
  return found == nullptr ? "" : found->text;
}

etcd::ConnectionOptions DecodeEtcd(const ConfigNode& node) {
  etcd::ConnectionOptions options;
  for (const ConfigNode& endpoint : At(node, "endpoints").children) {
    options.endpoints.push_back(*etcd::ParseEndpoint(endpoint.text));
  }
  if (const ConfigNode* tls = node.Find("tls")) {
    options.tls = {TextAt(*tls, "ca"), TextAt(*tls, "cert"), TextAt(*tls, "key")};
  }
  if (const ConfigNode* auth = node.Find("auth")) {
    options.username = TextAt(*auth, "username");
    options.password_file = TextAt(*auth, "passwordFile");
  }
  return options;
}

http::ServerOptions DecodeHttp(const ConfigNode& node) {
  http::ServerOptions options{.listen = At(node, "listen").text};
  if (const ConfigNode* tls = node.Find("tls")) {
    options.tls = {TextAt(*tls, "clientCa"), TextAt(*tls, "cert"), TextAt(*tls, "key")};
  }
  const ConfigNode& limits = At(node, "limits");
  const auto number = [&](std::string_view key) { return std::stoull(At(limits, key).text); };
  const auto bytes = [&](std::string_view key) {
    return static_cast<size_t>(*ParseBytes(At(limits, key).text));
  };
  const auto time = [&](std::string_view key) { return *ParseDuration(At(limits, key).text); };
  options.limits = {.header_bytes = bytes("headerBytes"),
                    .target_bytes = bytes("targetBytes"),
                    .body_bytes = bytes("bodyBytes"),
                    .connections = number("connections"),
                    .header_timeout = time("headerTimeout"),
                    .idle_timeout = time("idleTimeout"),
                    .answer_timeout = time("answerTimeout"),
                    .write_timeout = time("writeTimeout"),
                    .bytes_under_way = bytes("bytesUnderWay"),
                    .watchers = number("watchers"),
                    .linearizable_reads = number("linearizableReads")};
  return options;
}

ClusterConfig DecodeCluster(const ConfigNode& node) {
  ClusterConfig cluster{.name = TextAt(node, "name")};
  if (const ConfigNode* quota = node.Find("quotaBytes")) {
    cluster.quota_bytes = *ParseBytes(quota->text);
  }
  return cluster;
}

log::Level LevelCalled(std::string_view name) {
  if (name == "debug") return log::Level::kDebug;
  if (name == "warning") return log::Level::kWarning;
  if (name == "error") return log::Level::kError;
  return log::Level::kInfo;
}

http::AccessLog AccessLogCalled(std::string_view name) {
  if (name == "all") return http::AccessLog::kAll;
  return name == "errors" ? http::AccessLog::kErrors : http::AccessLog::kNone;
}

}  // namespace

Config DecodeConfig(const ConfigNode& root) {
  Config config;
  config.etcd = DecodeEtcd(At(root, "etcd"));
  const ConfigNode& elections = At(root, "elections");
  config.root = At(elections, "root").text;
  for (const ConfigNode& entry : At(elections, "prefixes").children) {
    config.prefixes.push_back(
        {*election::ParseElectionName(At(entry, "election").text), At(entry, "prefix").text});
  }
  for (const ConfigNode& prefix : At(elections, "allowedPrefixes").children) {
    config.allowed_prefixes.push_back(prefix.text);
  }
  config.http = DecodeHttp(At(root, "http"));
  for (const ConfigNode& cluster : At(root, "clusters").children) {
    config.clusters.push_back(DecodeCluster(cluster));
  }
  config.metrics_max_elections = std::stoull(At(At(root, "metrics"), "maxElections").text);
  const ConfigNode& log = At(root, "log");
  config.log_format = At(log, "format").text == "json" ? log::Format::kJson : log::Format::kText;
  config.log_level = LevelCalled(At(log, "level").text);
  config.http.access_log = AccessLogCalled(At(log, "access").text);
  return config;
}

}  // namespace bellwether::app
