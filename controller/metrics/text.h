// Prometheus' text format 0.0.4, appended to a string: what a registry would do, for hundreds of
// thousands of series, without building them first.
//
// Foreign bytes go into label values only, where they are made safe. Family names, label names and
// help texts are our own constants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bellwether::metrics {

// Longer label values are cut: a scrape must not carry a foreign kilobyte per series.
inline constexpr size_t kMaxLabelValueBytes = 256;

// What may stand in a label value before escaping: at most kMaxLabelValueBytes of valid UTF-8
// without control characters. Bytes that are not, and control characters, become U+FFFD.
std::string CleanLabelValue(std::string_view bytes);

// Appends `name="value"`, cleaned and escaped, after a comma if `labels` is not empty.
void AppendLabel(std::string_view name, std::string_view value, std::string& labels);

enum class Kind { kCounter, kGauge };

// One family: its head is written when it is made, then its samples, before the next family.
class Family {
 public:
  // `out` outlives the family.
  Family(std::string& out, std::string_view name, Kind kind, std::string_view help);

  // `labels` as AppendLabel made them; may be empty.
  void Add(std::string_view labels, int64_t value);
  void Add(std::string_view labels, uint64_t value);
  void Add(std::string_view labels, double value);

 private:
  template <typename Number>
  void Append(std::string_view labels, Number value);

  std::string& out_;
  const std::string_view name_;
};

}  // namespace bellwether::metrics
