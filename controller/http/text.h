// Small helpers for text that stands in headers and JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bellwether::http {

std::string_view Trim(std::string_view text);  // spaces and tabs

// Takes what stands before the separator off the front of `rest`; everything, when there is none.
std::string_view TakeUntil(std::string_view& rest, char separator);

// RFC 4648: the standard alphabet with padding, or the one for URLs without.
std::string Base64(std::string_view bytes);
std::string Base64Url(std::string_view bytes);
// nullopt for what Base64Url does not produce.
std::optional<std::string> FromBase64Url(std::string_view text);

}  // namespace bellwether::http
