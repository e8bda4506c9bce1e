// The configuration of the controller as plain values. How it gets there: the text of a file
// becomes a tree (config_tree.h), overrides are put into it (config_overrides.h), it is checked
// against the shipped schema and completed (config_schema.h), and the complete tree is decoded
// here. config_reading.h does all of that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/config_tree.h"
#include "base/log.h"
#include "election/root_queues.h"
#include "etcd/connection.h"
#include "http/server.h"

namespace bellwether::app {

struct ClusterConfig {
  std::string name;
  std::optional<int64_t> quota_bytes;  // for servers that do not tell theirs
};

struct Config {
  etcd::ConnectionOptions etcd;
  std::string root;
  std::vector<election::ExplicitPrefix> prefixes;
  std::vector<std::string> allowed_prefixes;
  http::ServerOptions http;
  std::vector<ClusterConfig> clusters;  // one: the etcd above
  size_t metrics_max_elections = 0;
  log::Format log_format = log::Format::kJson;
  log::Level log_level = log::Level::kInfo;
};

// Of a complete tree in which nothing is wrong.
Config DecodeConfig(const ConfigNode& root);

}  // namespace bellwether::app
