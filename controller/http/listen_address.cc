#include "http/listen_address.h"

#include <charconv>
#include <utility>

namespace bellwether::http {

std::string ListenAddress::str() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  const auto invalid = [text](const std::string& why) {
    return Error{
        .code = Code::kInvalid,
        .message = "cannot listen on \"" + std::string(text.substr(0, 200)) + "\": " + why};
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return invalid("the port is missing; write HOST:PORT, for example 0.0.0.0:8080");
  }
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.empty()) {
    return invalid("the host is missing; write 0.0.0.0" + std::string(text) + " or [::]" +
                   std::string(text) + " for all addresses");
  }
  if (host.front() == '[' && host.back() == ']' && host.size() > 2) {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos) {
      return invalid("only an IPv6 address stands in brackets");
    }
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    return invalid("write an IPv6 address in brackets, for example [::1]:8080");
  }
  ListenAddress address{.host = std::string(host)};
  const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (ec != std::errc() || end != port.data() + port.size()) {
    return invalid("the port must be a number from 0 (a free one) to 65535");
  }
  return address;
}

}  // namespace bellwether::http
