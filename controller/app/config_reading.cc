#include "app/config_reading.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <utility>

#include "app/config_schema.h"

namespace bellwether::app {
namespace {

std::string NameOf(const ConfigInput& input) {
  if (input.file.empty()) return "no configuration file";
  return input.file == "-" ? "standard input" : input.file;
}

// One byte more than may be there, so that too many are noticed.
std::string ReadAll(std::istream& stream) {
  std::string text(kMaxConfigBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(stream.gcount()));
  return text;
}

}  // namespace

Result<Config> ConfigReading::config() const {
  if (problems.empty()) return DecodeConfig(tree);
  return Error{.code = Code::kInvalid, .message = problems.Describe(sources)};
}

ConfigReading ReadConfig(std::optional<std::string_view> text, const ConfigInput& input) {
  static const ConfigSchema schema;
  ConfigReading reading{.tree = {.kind = ConfigNode::Kind::kMap}, .sources = {NameOf(input)}};
  ConfigProblems& problems = reading.problems;
  if (text) {
    reading.tree = ParseConfigTree(*text, 0, problems);
    const bool empty = reading.tree.kind == ConfigNode::Kind::kNull;
    if (empty && problems.empty()) {
      problems.Add({}, "",
                   "the file is empty; the least that it needs is\n  etcd: {endpoints: "
                   "[\"http://127.0.0.1:2379\"]}");
    }
    if (empty) return reading;
  }
  Override(input.overrides, schema, reading.tree, reading.sources, problems, reading.warnings);
  if (!text && reading.tree.Find("etcd") == nullptr) {
    problems.Add({}, "",
                 "which etcd? Give a file (manifests/config.example.yaml shows one), --set "
                 "etcd.endpoints=URL or the environment variable BELLWETHER_ETCD_ENDPOINTS");
    return reading;
  }
  schema.Check(reading.tree, problems);
  schema.Complete(reading.tree);
  CheckPrefixes(reading.tree, reading.sources, problems);
  if (problems.empty()) CheckSense(reading);
  return reading;
}

ConfigReading LoadConfig(const ConfigInput& input) {
  if (input.file.empty()) return ReadConfig(std::nullopt, input);
  if (input.file == "-") return ReadConfig(ReadAll(std::cin), input);
  errno = 0;
  std::ifstream stream(input.file, std::ios::binary);
  const std::string text = ReadAll(stream);
  if (stream.is_open() && !stream.bad()) return ReadConfig(text, input);
  ConfigReading reading{.sources = {NameOf(input)}};
  reading.problems.Add(
      {}, "",
      std::string("cannot be read: ") + std::strerror(errno) + "; give the path of a YAML file");
  return reading;
}

}  // namespace bellwether::app
