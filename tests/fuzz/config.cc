// A configuration: a file's text and, behind a line "%%", what overrides it: lines BELLWETHER_…=V
// are environment variables, others --set arguments. What is accepted, printed and read again is
// the same; what is refused is explained.
//
// Planted fault: a printer that drops a zero before other digits.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "app/config_change.h"
#include "app/config_print.h"
#include "app/config_reading.h"
#include "fuzz/fuzzing.h"

namespace bellwether::app {
namespace {

using fuzz::Require;

std::string Printed(const ConfigReading& reading) {
  std::string text = PrintConfig(reading.tree, reading.sources);
  if (!fuzz::FaultIsPlanted()) return text;
  for (size_t at = text.find("\"0"); at != std::string::npos; at = text.find("\"0", at + 1)) {
    if (text[at + 2] >= '0' && text[at + 2] <= '9') text.erase(at + 1, 1);
  }
  return text;
}

// Where they stand and who has set them apart.
bool Same(const ConfigNode& a, const ConfigNode& b) {
  if (a.kind != b.kind || a.text != b.text || a.key != b.key) return false;
  if (a.children.size() != b.children.size()) return false;
  for (size_t i = 0; i < a.children.size(); ++i) {
    if (!Same(a.children[i], b.children[i])) return false;
  }
  return true;
}

void CheckProblems(const ConfigReading& reading) {
  for (const ConfigProblem& problem : reading.problems.Ordered()) {
    Require(
        problem.at.source >= 0 && static_cast<size_t>(problem.at.source) < reading.sources.size(),
        "a problem has a source");
    Require(!problem.message.empty(), "a problem is explained");
  }
  Require(!reading.config().ok(), "no configuration comes of problems");
}

void Check(std::string_view input) {
  static const ConfigSchema schema;
  ConfigInput from{.file = "f"};
  const size_t end = input.starts_with("%%\n") ? 0 : input.find("\n%%\n");
  std::string_view overrides;
  if (end != std::string_view::npos) overrides = input.substr(end + (end == 0 ? 3 : 4));
  while (!overrides.empty()) {
    const std::string line(fuzz::TakeLine(overrides));
    (line.starts_with(kVariablePrefix) ? from.overrides.environment : from.overrides.sets)
        .push_back(line);
  }
  std::optional<std::string_view> text;
  if (end != 0) text = input.substr(0, end);
  const ConfigReading reading = ReadConfig(text, from);
  if (!reading.problems.empty()) return CheckProblems(reading);

  Require(reading.config().ok(), "what has no problems is a configuration");
  const ConfigReading again = ReadConfig(Printed(reading), {.file = "g"});
  Require(again.problems.empty(), "what is printed is accepted");
  Require(Same(reading.tree, again.tree), "what is printed means the same");
  const ConfigChange change = CompareConfigs(schema, reading.tree, again.tree);
  Require(change.applied.empty() && change.waiting.empty(), "the same is no change");
  Require(Same(change.in_effect, reading.tree), "no change leaves all as it was");
}

}  // namespace
}  // namespace bellwether::app

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  bellwether::app::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
