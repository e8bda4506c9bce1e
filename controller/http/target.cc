#include "http/target.h"

#include <optional>
#include <utility>

#include "http/text.h"

namespace bellwether::http {
namespace {

Error Malformed(std::string message) {
  return {.code = Code::kInvalid, .message = std::move(message)};
}

std::optional<unsigned> HexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace

Result<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const auto high = i + 2 < text.size() ? HexDigit(text[i + 1]) : std::nullopt;
      const auto low = high ? HexDigit(text[i + 2]) : std::nullopt;
      if (!low) {
        return Malformed("the '%' in \"" + std::string(text.substr(0, 100)) +
                         "\" is not followed by two hexadecimal digits");
      }
      c = static_cast<char>(*high * 16 + *low);
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        return Malformed("the target holds an encoded control character");
      }
      i += 2;
    }
    decoded.push_back(c);
  }
  return decoded;
}

Result<Target> ParseTarget(std::string_view target) {
  for (const char c : target) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '#') {
      return Malformed("the target holds a byte that must be percent-encoded");
    }
  }
  bool no_path = false;
  if (target.starts_with("http://") || target.starts_with("https://")) {
    const size_t end = target.find_first_of("/?", target.find("//") + 2);
    target = end == std::string_view::npos ? std::string_view() : target.substr(end);
    // RFC 9110 section 4.2.3: an empty path stands for "/".
    if (target.empty()) target = "/";
    no_path = target.front() == '?';
  }
  std::string_view query = target;
  std::string_view path = TakeUntil(query, '?');
  if (no_path) path = "/";
  if (path.empty() || path.front() != '/') {
    return Malformed("the target does not start with '/'");
  }
  path.remove_prefix(1);

  Target parsed{.path = {}, .query = {}, .raw_path = path, .raw_query = query};
  bool more = true;
  while (more) {
    more = path.find('/') != std::string_view::npos;
    auto segment = PercentDecode(TakeUntil(path, '/'));
    if (!segment) return segment.error();
    parsed.path.push_back(*std::move(segment));
  }
  while (!query.empty()) {
    std::string_view value = TakeUntil(query, '&');
    if (value.empty()) continue;  // "?a=1&" is common and harmless
    auto name = PercentDecode(TakeUntil(value, '='));
    if (!name) return name.error();
    auto decoded = PercentDecode(value);
    if (!decoded) return decoded.error();
    parsed.query.push_back({*std::move(name), *std::move(decoded)});
  }
  return parsed;
}

}  // namespace bellwether::http
