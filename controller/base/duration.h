// Durations as people write them: "15s", "500ms", "2m", "1h".
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace bellwether {

// A whole number and a unit (ms, s, m, h), at most 10,000 hours; kInvalid otherwise.
Result<Milliseconds> ParseDuration(std::string_view text);
// The shortest exact form: "1500ms", "15s".
std::string ToString(Milliseconds duration);

}  // namespace bellwether
