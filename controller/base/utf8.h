// Where text ends and bytes begin (RFC 3629: no surrogates, no overlong forms, nothing above
// U+10FFFF).
#pragma once

#include <cstddef>
#include <string_view>

namespace bellwether {

// The length of the character at the front; 0 when there is none.
size_t Utf8Length(std::string_view bytes);
// The length of the longest beginning that is UTF-8.
size_t Utf8Prefix(std::string_view bytes);

}  // namespace bellwether
