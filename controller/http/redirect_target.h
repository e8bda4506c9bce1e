// Where a request for …/redirect/{path} is sent. Addresses are written by candidates and paths by
// clients, so neither may lead anywhere but below the address that the leader registered. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bellwether::http {

// Whether clients can be sent there: "http://" or "https://", a host (a name, an IPv4 address, an
// IPv6 address in brackets), a port or none, a path or none; no user, query, fragment, dot segment,
// nor any byte that a URL must encode.
bool IsRedirectBase(std::string_view address);

// Whether the path, as it was sent, stays below what it is appended to: it does not begin with '/',
// and has no "." or ".." between slashes of any kind, encoded or not ("a/%2e%2e/b", "..%2fb",
// "..;x/b").
bool StaysBelow(std::string_view raw_path);

// BASE/raw_path?raw_query; both keep the encoding that they came with. `base` and `raw_path` were
// accepted by the above.
std::string RedirectTarget(std::string_view base, std::string_view raw_path,
                           std::string_view raw_query);

}  // namespace bellwether::http
