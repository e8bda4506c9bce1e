// Numbers of etcd that must never be mixed up, each a type of its own. Bare integers appear at the
// wire only.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bellwether {

// A store-wide counter: every change of any key makes a new one. 0 = none; the first real one is 1.
struct Revision {
  int64_t value = 0;
  explicit operator bool() const { return value != 0; }
  Revision Next() const { return {value + 1}; }
  auto operator<=>(const Revision&) const = default;
};

// 0 = no lease. Printed as etcd's concurrency package does in key names: unpadded lower-case
// hexadecimal.
struct LeaseId {
  int64_t value = 0;
  explicit operator bool() const { return value != 0; }
  auto operator<=>(const LeaseId&) const = default;
  std::string Hex() const;
  // 1 to 16 hexadecimal digits and nothing else; nullopt otherwise.
  static std::optional<LeaseId> FromHex(std::string_view text);
};

// The create_revision of the leader's key: grows with every leader of an election. A store that is
// written to with a token must refuse smaller ones than it has seen.
struct FencingToken {
  int64_t value = 0;
  auto operator<=>(const FencingToken&) const = default;
};

}  // namespace bellwether
