// Sizes as people write them: "8Gi", "512MiB", "2G", "1048576".
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace bellwether {

// A whole number and a unit, as Kubernetes and etcd's manuals write it: Ki, Mi, Gi, Ti (powers of
// 1024) or k, K, M, G, T (powers of 1000), each with or without a B; no unit means bytes. kInvalid
// for anything else and for what does not fit into an int64_t.
Result<int64_t> ParseBytes(std::string_view text);

}  // namespace bellwether
