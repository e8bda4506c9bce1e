#include "http/redirect_target.h"

#include <algorithm>
#include <string>

#include "http/target.h"
#include "http/text.h"

namespace bellwether::http {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool AllOf(std::string_view text, std::string_view others) {
  return std::ranges::all_of(text, [&](char c) {
    return IsDigit(c) || IsLetter(c) || others.find(c) != std::string_view::npos;
  });
}

bool IsPort(std::string_view port) {
  return !port.empty() && port.size() <= 5 && std::ranges::all_of(port, IsDigit) &&
         std::stoi(std::string(port)) <= 65535;
}

bool IsAuthority(std::string_view authority) {
  std::string_view host;
  if (authority.starts_with('[')) {
    authority.remove_prefix(1);
    if (authority.find(']') == std::string_view::npos) return false;
    host = TakeUntil(authority, ']');
    if (host.find(':') == std::string_view::npos || !AllOf(host, ":.")) return false;
    if (authority.empty()) return true;
    if (!authority.starts_with(':')) return false;
    return IsPort(authority.substr(1));
  }
  const bool has_port = authority.find(':') != std::string_view::npos;
  host = TakeUntil(authority, ':');
  return !host.empty() && AllOf(host, ".-_") && (!has_port || IsPort(authority));
}

}  // namespace

bool StaysBelow(std::string_view raw_path) {
  if (raw_path.starts_with('/')) return false;
  const auto decoded = PercentDecode(raw_path);
  if (!decoded) return false;
  std::string path = *decoded;
  std::ranges::replace(path, '\\', '/');  // as browsers read it
  if (path.starts_with('/')) return false;
  for (std::string_view rest = path; !rest.empty();) {
    std::string_view segment = TakeUntil(rest, '/');
    segment = TakeUntil(segment, ';');  // "..;x" is ".." to servlet containers
    if (segment == "." || segment == "..") return false;
  }
  return true;
}

bool IsRedirectBase(std::string_view address) {
  const size_t end = address.find("://");
  if (end == std::string_view::npos) return false;
  std::string scheme(address.substr(0, end));
  std::ranges::transform(scheme, scheme.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (scheme != "http" && scheme != "https") return false;
  std::string_view path = address.substr(end + 3);
  if (!IsAuthority(TakeUntil(path, '/'))) return false;
  // RFC 3986 section 3.3: pchar and '/'.
  return AllOf(path, "/-._~!$&'()*+,;=:@%") && StaysBelow(path);
}

std::string RedirectTarget(std::string_view base, std::string_view raw_path,
                           std::string_view raw_query) {
  std::string target(base);
  if (!target.ends_with('/')) target += '/';
  target += raw_path;
  if (!raw_query.empty()) target.append("?").append(raw_query);
  return target;
}

}  // namespace bellwether::http
