#include "base/duration.h"

#include <charconv>

namespace bellwether {

Result<Milliseconds> ParseDuration(std::string_view text) {
  int64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  int64_t factor_ms = 0;
  if (unit == "ms") factor_ms = 1;
  if (unit == "s") factor_ms = 1000;
  if (unit == "m") factor_ms = 60 * 1000;
  if (unit == "h") factor_ms = 3600 * 1000;
  constexpr int64_t kMaxMs = int64_t{10000} * 3600 * 1000;
  if (ec != std::errc() || number < 0 || factor_ms == 0 || number > kMaxMs / factor_ms) {
    return Error{.code = Code::kInvalid,
                 .message = "\"" + std::string(text) +
                            "\" is not a duration; write a number and ms, s, m or h, such as 15s"};
  }
  return Milliseconds(number * factor_ms);
}

std::string ToString(Milliseconds duration) {
  const int64_t ms = duration.count();
  if (ms % 1000 != 0) return std::to_string(ms) + "ms";
  return std::to_string(ms / 1000) + "s";
}

}  // namespace bellwether
