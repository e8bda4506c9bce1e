// Content negotiation by the Accept header (RFC 9110 section 12.5.1).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace bellwether::http {

// The best of `offers` ("type/subtype", ours by preference), or nullopt when none is acceptable.
// Among equal q values an exact type wins over a wildcard, then the order of the header decides,
// then ours. An empty header accepts all; a malformed range counts as not there; parameters other
// than q are ignored.
std::optional<std::string_view> ChooseType(std::string_view accept,
                                           const std::vector<std::string_view>& offers);

}  // namespace bellwether::http
