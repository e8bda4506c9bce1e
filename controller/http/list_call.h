// GET /v1/elections: pages in the order of "ns/name". A page is of one moment, a walk over several
// is not: an election that comes or goes meanwhile may or may not be seen, every other is seen
// exactly once.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "election/view_store.h"
#include "http/router.h"

namespace bellwether::http {

inline constexpr std::array<std::string_view, 4> kListParameters = {"namespace", "state", "limit",
                                                                    "continue"};
inline constexpr size_t kDefaultPage = 100;
inline constexpr size_t kMaxPage = 1000;

Response ListElections(const Call& call, const election::ViewStore& views);

}  // namespace bellwether::http
