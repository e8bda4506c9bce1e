#include "app/config_reloader.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "app/config_change.h"
#include "app/config_schema.h"
#include "base/log.h"

namespace bellwether::app {

ConfigReloader::ConfigReloader(ConfigInput input, const ConfigReading& reading)
    : input_(std::move(input)), in_effect_(reading.tree) {
  status_.OnRead(std::chrono::system_clock::now(), 0);
}

std::optional<Config> ConfigReloader::Reload() {
  static const ConfigSchema schema;
  if (input_.file == "-") {
    ConfigReading reading{.sources = {"standard input"}};
    reading.problems.Add({}, "", "cannot be read a second time; start with the path of a file");
    return Refuse(reading);
  }
  ConfigReading reading = LoadConfig(input_);
  if (!reading.problems.empty()) return Refuse(reading);
  for (const std::string& warning : reading.warnings) log::Warning(warning);
  ConfigChange change = CompareConfigs(schema, in_effect_, reading.tree);
  // The new part and the old rest must fit together too.
  reading.tree = std::move(change.in_effect);
  CheckPrefixes(reading.tree, reading.sources, reading.problems);
  CheckSense(reading);
  if (!reading.problems.empty()) return Refuse(reading);
  in_effect_ = std::move(reading.tree);
  status_.OnRead(std::chrono::system_clock::now(), change.waiting.size());
  log::Info("configuration read again",
            {{"config", input_.file}, {"applied", Listed(change.applied)}});
  if (!change.waiting.empty()) {
    log::Warning("a part of the configuration is in effect after a restart only",
                 {{"keys", Listed(change.waiting)}});
  }
  return DecodeConfig(in_effect_);
}

std::optional<Config> ConfigReloader::Refuse(const ConfigReading& reading) {
  status_.OnRefused();
  const std::vector<ConfigProblem> problems = reading.problems.Ordered();
  const size_t shown = std::min(problems.size(), ConfigProblems::kMaxShown);
  for (size_t i = 0; i < shown; ++i) {
    log::Error("the configuration is wrong", {{"place", PlaceOf(problems[i].at, reading.sources)},
                                              {"key", problems[i].key},
                                              {"why", problems[i].message}});
  }
  log::Error("the configuration was not read again; the old one stays in effect",
             {{"config", input_.file}, {"problems", problems.size() + reading.problems.dropped()}});
  return std::nullopt;
}

}  // namespace bellwether::app
