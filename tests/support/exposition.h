// Reads Prometheus' text format 0.0.4 strictly, and says everything that is wrong with it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bellwether::test {

struct Exposition {
  using Labels = std::map<std::string, std::string>;

  std::map<std::string, std::string> types;                 // by family
  std::map<std::string, std::map<Labels, double>> samples;  // by family
  std::vector<std::string> faults;                          // empty = all is well

  // Of a series that is there once; NaN (equal to nothing) when it is not.
  double Value(const std::string& family, const Labels& labels = {}) const;
  size_t Count(const std::string& family) const;
};

// Faults: a line that is none, a sample without TYPE or away from its family, a family or series
// that comes twice, text that is not UTF-8, a value that is no number.
Exposition ParseExposition(std::string_view text);

}  // namespace bellwether::test
