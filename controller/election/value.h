// The value of a candidate's key. Ours is JSON; a foreign one is opaque bytes and is shown as far
// as it can be.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace bellwether::election {

struct CandidateInfo {
  std::string id;
  std::string address;      // URL under which the leader is reached; may be empty
  std::string value;        // the application's own; may be empty
  std::string secret_hash;  // hex SHA-256 of the candidate's secret (design point 7); empty = none
};

// Longer values are never taken for ours, so that a foreign megabyte is not parsed as JSON.
inline constexpr size_t kMaxOurValueBytes = 64 * 1024;
inline constexpr size_t kMaxIdBytes = 253;
inline constexpr size_t kMaxAddressBytes = 2048;

// Bytes that are not UTF-8 are replaced: JSON cannot carry them.
std::string EncodeValue(const CandidateInfo& info);

struct DescribedValue {
  std::string id;
  std::string address;
  std::string value;
  bool ours = false;
};
// Never fails: what is not a JSON object with a short, non-empty "id" without control characters is
// foreign. An address with control characters or spaces is dropped. An id is a foreign value of at
// most 63 printable ASCII bytes, else "lease:<hex>".
DescribedValue DescribeValue(std::string_view value, LeaseId lease);

}  // namespace bellwether::election
