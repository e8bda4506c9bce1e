#include "support/exposition.h"

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <sstream>
#include <utility>

namespace bellwether::test {
namespace {

bool IsUtf8(std::string_view text) {
  try {
    (void)nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

// `name="value",...` from behind '{' up to '}', which it eats; nullopt when it is not that.
std::optional<Exposition::Labels> TakeLabels(std::string_view& rest) {
  Exposition::Labels labels;
  while (true) {
    const size_t equals = rest.find("=\"");
    if (equals == std::string_view::npos || equals == 0) return std::nullopt;
    std::string name(rest.substr(0, equals));
    std::string value;
    size_t i = equals + 2;
    for (; i < rest.size() && rest[i] != '"'; ++i) {
      if (rest[i] == '\\') {
        if (++i == rest.size()) return std::nullopt;
        if (rest[i] != '\\' && rest[i] != '"' && rest[i] != 'n') return std::nullopt;
        value += rest[i] == 'n' ? '\n' : rest[i];
      } else {
        value += rest[i];
      }
    }
    if (i + 1 >= rest.size()) return std::nullopt;
    if (!labels.emplace(std::move(name), std::move(value)).second) return std::nullopt;
    const char after = rest[i + 1];
    rest.remove_prefix(i + 2);
    if (after == '}') return labels;
    if (after != ',') return std::nullopt;
  }
}

class Reader {
 public:
  void Line(const std::string& line) {
    static const std::regex comment("# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)");
    if (std::smatch match; std::regex_match(line, match, comment)) {
      if (match[1] == "TYPE" && !result.types.emplace(match[2], match[3]).second) {
        Fault("family comes twice", line);
      }
      if (match[1] == "TYPE") family_ = match[2];
      return;
    }
    Sample(line);
  }

  void Fault(const std::string& what, const std::string& line) {
    result.faults.push_back(what + ": " + line);
  }

  Exposition result;

 private:
  void Sample(const std::string& line) {
    std::string_view rest = line;
    const size_t name_end = rest.find_first_of("{ ");
    if (name_end == std::string_view::npos) return Fault("no sample", line);
    const std::string name(rest.substr(0, name_end));
    const bool labelled = rest[name_end] == '{';
    rest.remove_prefix(name_end + (labelled ? 1 : 0));
    std::optional<Exposition::Labels> labels = Exposition::Labels();
    if (labelled) labels = TakeLabels(rest);
    if (!labels) return Fault("bad labels", line);
    if (rest.empty() || rest[0] != ' ') return Fault("no value", line);
    const std::string number(rest.substr(1));
    char* end = nullptr;
    const double value = std::strtod(number.c_str(), &end);
    if (number.empty() || *end != '\0') return Fault("bad value", line);
    if (name != family_) Fault("sample away from its family", line);
    if (!result.samples[name].emplace(*std::move(labels), value).second) {
      Fault("series comes twice", line);
    }
  }

  std::string family_;  // whose TYPE came last
};

}  // namespace

double Exposition::Value(const std::string& family, const Labels& labels) const {
  const auto found = samples.find(family);
  if (found == samples.end()) return std::nan("");
  const auto series = found->second.find(labels);
  return series == found->second.end() ? std::nan("") : series->second;
}

size_t Exposition::Count(const std::string& family) const {
  const auto found = samples.find(family);
  return found == samples.end() ? 0 : found->second.size();
}

Exposition ParseExposition(std::string_view text) {
  Reader reader;
  if (!IsUtf8(text)) reader.Fault("not UTF-8", "");
  if (text.empty() || text.back() != '\n') reader.Fault("no line feed at the end", "");
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) reader.Line(line);
  return std::move(reader.result);
}

}  // namespace bellwether::test
