#include "base/bytes.h"

#include <charconv>
#include <limits>
#include <string>

namespace bellwether {
namespace {

// 0 = no such unit.
int64_t FactorOf(std::string_view unit) {
  if (unit.ends_with('B')) unit.remove_suffix(1);
  if (unit.empty()) return 1;
  const int64_t base = unit.ends_with('i') ? 1024 : 1000;
  if (base == 1024) unit.remove_suffix(1);
  if (base == 1000 && unit == "k") unit = "K";
  constexpr std::string_view kLetters = "KMGT";
  if (unit.size() != 1 || kLetters.find(unit.front()) == std::string_view::npos) return 0;
  int64_t factor = 1;
  for (size_t power = 0; power <= kLetters.find(unit.front()); ++power) factor *= base;
  return factor;
}

}  // namespace

Result<int64_t> ParseBytes(std::string_view text) {
  int64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  const int64_t factor = FactorOf(text.substr(static_cast<size_t>(end - text.data())));
  if (ec != std::errc() || number < 0 || factor == 0 ||
      number > std::numeric_limits<int64_t>::max() / factor) {
    return Error{
        .code = Code::kInvalid,
        .message = "\"" + std::string(text.substr(0, 100)) +
                   "\" is not a size; write a whole number of bytes, or one with Ki, Mi, Gi "
                   "or Ti, such as 8Gi"};
  }
  return number * factor;
}

}  // namespace bellwether
