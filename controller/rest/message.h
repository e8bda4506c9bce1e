// Outbound HTTP: what is sent to whom, and what comes back. The room knows nothing of what the
// bodies mean, but for problem details (RFC 9457), which it turns into errors.
//
// Bounded calls go through cpprestsdk (http_client.h), endless streams through libcurl
// (http_stream.h, event_source.h); their exceptions and threads end in this room. No proxy is used
// and no redirect is followed: who is called is who was named.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace bellwether::rest {

struct Header {
  std::string name;
  std::string value;
};

// PEM files; empty = the system's authorities, no client certificate. Read when a connection is
// made.
struct TlsFiles {
  std::string ca_file, cert_file, key_file;
};

// Who is called.
struct Peer {
  std::vector<std::string> servers;  // from ParseServers; replicas of one service
  TlsFiles tls{};
  std::vector<Header> headers{};  // of each request, such as Authorization
};

struct Request {
  std::string method = "GET";
  std::string path;  // "/v1/…", percent-encoded, with its query
  std::vector<Header> headers{};
  std::string body{};
};

struct Response {
  std::string asked;  // "GET http://h:8080/v1/…", for messages
  int status = 0;
  std::vector<Header> headers{};  // names in lower case
  std::string body{};

  bool ok() const { return status >= 200 && status < 300; }
  // The value of a header, "" when there is none. `name` in lower case.
  const std::string& Find(std::string_view name) const;
};

// Server URLs as people write them, comma-separated: http://HOST:PORT or https://HOST:PORT, with a
// path where a proxy wants one; without a scheme http is meant. Comes back with the scheme and
// without the last '/'. kInvalid names the one that is wrong, and why.
Result<std::vector<std::string>> ParseServers(std::string_view list);

// Percent-encodes what stands in a path segment or in the value of a query.
std::string Encode(std::string_view text);

}  // namespace bellwether::rest
