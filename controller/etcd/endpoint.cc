#include "etcd/endpoint.h"

#include <algorithm>
#include <charconv>

namespace bellwether::etcd {
namespace {

Error Bad(std::string_view url, std::string_view why) {
  return {.code = Code::kInvalid,
          .message = "etcd endpoint \"" + std::string(url) + "\": " + std::string(why) +
                     "; write it as http://HOST:PORT, https://HOST:PORT or unix:///PATH"};
}

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

Result<Endpoint> ParseEndpoint(std::string_view url) {
  Endpoint endpoint{.name = std::string(url), .target = {}, .tls = false};
  std::string_view rest = url;
  if (TakePrefix(rest, "unix://") || TakePrefix(rest, "unix:")) {
    if (rest.empty()) return Bad(url, "the path of the socket is missing");
    endpoint.target = "unix:" + std::string(rest);
    return endpoint;
  }
  if (TakePrefix(rest, "https://")) {
    endpoint.tls = true;
  } else if (!TakePrefix(rest, "http://") && rest.find("://") != std::string_view::npos) {
    return Bad(url, "unknown scheme");
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return Bad(url, "host or port is missing");
  const std::string_view host = rest.substr(0, colon);
  const std::string_view port = rest.substr(colon + 1);
  uint16_t number = 0;
  const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (ec != std::errc() || end != port.data() + port.size() || number == 0) {
    return Bad(url, "the port is not a number from 1 to 65535");
  }
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (host.find_first_of("/?#@ ,") != std::string_view::npos ||
      (!bracketed && host.find(':') != std::string_view::npos)) {
    return Bad(url, "the host is not a name or address (IPv6 addresses stand in brackets)");
  }
  endpoint.target = "dns:///" + std::string(rest);
  return endpoint;
}

Result<std::vector<Endpoint>> ParseEndpoints(std::string_view list) {
  std::vector<Endpoint> endpoints;
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view url = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    auto parsed = ParseEndpoint(url);
    if (!parsed) return parsed.error();
    const bool twice = std::any_of(endpoints.begin(), endpoints.end(),
                                   [&](const Endpoint& e) { return e.name == parsed->name; });
    if (twice) return Bad(url, "named twice");
    endpoints.push_back(*std::move(parsed));
  }
  if (endpoints.empty()) return Bad("", "none given");
  return endpoints;
}

}  // namespace bellwether::etcd
