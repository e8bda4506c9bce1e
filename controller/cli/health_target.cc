#include "cli/health_target.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace bellwether::cli {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kTcp = "tcp:";
constexpr size_t kMaxBytes = 2048;

Error Refuse(std::string_view text, const std::string& why) {
  return {.code = Code::kInvalid,
          .message = "--health \"" + std::string(text.substr(0, 200)) + "\": " + why};
}

bool IsAddress(const std::string& host) {
  boost::system::error_code wrong;
  boost::asio::ip::make_address(host, wrong);
  return !wrong;
}

// HOST:PORT, or HOST where there is a usual port (0 = there is none).
Status ReadHost(std::string_view text, std::string_view place, uint16_t usual_port,
                HealthTarget* to) {
  const size_t bracket = place.rfind(']');
  const size_t colon = place.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || bracket < colon);
  std::string_view host = place.substr(0, has_port ? colon : place.size());
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  to->host = std::string(host);
  const bool v6 = host.find(':') != std::string_view::npos;
  if ((to->host != "localhost" && !IsAddress(to->host)) || v6 != bracketed) {
    return Refuse(text,
                  "the host is not an IP address (IPv6 in brackets) or localhost; give that of the "
                  "application beside this process, for example 127.0.0.1");
  }
  if (!has_port) {
    to->port = usual_port;
    return usual_port != 0 ? Ok() : Refuse(text, "the port is missing; write tcp:HOST:PORT");
  }
  const std::string_view port = place.substr(colon + 1);
  const auto [end, wrong] = std::from_chars(port.data(), port.data() + port.size(), to->port);
  if (wrong != std::errc() || end != port.data() + port.size() || to->port == 0) {
    return Refuse(text, "the port must be a number from 1 to 65535");
  }
  return Ok();
}

}  // namespace

Result<HealthTarget> ParseHealthTarget(std::string_view text) {
  HealthTarget target{.text = std::string(text)};
  if (text.size() > kMaxBytes) return Refuse(text, "longer than 2048 bytes");
  if (text.starts_with("https://")) {
    return Refuse(text,
                  "https is not checked; give an http:// URL of the application, or tcp:HOST:PORT "
                  "to ask for a connection only");
  }
  if (text.starts_with(kTcp)) {
    const Status read = ReadHost(text, text.substr(kTcp.size()), 0, &target);
    return read ? Result<HealthTarget>(std::move(target)) : read.error();
  }
  if (!text.starts_with(kHttp)) {
    return Refuse(text,
                  "write http://HOST:PORT/PATH, or tcp:HOST:PORT to ask for a connection only");
  }
  const std::string_view rest = text.substr(kHttp.size());
  const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  if (const Status read = ReadHost(text, rest.substr(0, end), 80, &target); !read) {
    return read.error();
  }
  target.path = std::string(rest.substr(end));
  if (!target.path.starts_with('/')) target.path.insert(0, "/");
  const bool printable = std::all_of(target.path.begin(), target.path.end(),
                                     [](char c) { return c > ' ' && c < 127 && c != '#'; });
  if (!printable) {
    return Refuse(text, "the path holds a space, a '#' or a byte that must be percent-encoded");
  }
  return target;
}

}  // namespace bellwether::cli
