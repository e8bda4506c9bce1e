#include "base/ids.h"

#include <charconv>

namespace bellwether {

std::string LeaseId::Hex() const {
  char text[16];
  const auto end = std::to_chars(text, text + sizeof text, static_cast<uint64_t>(value), 16).ptr;
  return {text, end};
}

std::optional<LeaseId> LeaseId::FromHex(std::string_view text) {
  if (text.empty() || text.size() > 16) return std::nullopt;
  uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return LeaseId{static_cast<int64_t>(value)};
}

}  // namespace bellwether
