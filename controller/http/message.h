// An HTTP request and its answer as plain values, so that everything that decides needs no socket.
// The connection makes the one from the wire and writes the other to it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bellwether::http {

struct Request {
  std::string method;         // as on the wire; names of methods are case-sensitive
  std::string target;         // as on the wire, percent-encoded
  std::string accept;         // all Accept lines, joined by ", "; empty = none
  std::string if_none_match;  // likewise
  std::string last_event_id;  // of a client that resumes an event stream
};

struct Header {
  std::string_view name;  // a literal
  std::string value;
};

struct Response {
  int status = 200;
  std::string content_type;  // empty = no content
  std::string body;          // of HEAD too: it is counted, not sent
  std::vector<Header> headers;
  bool endless = false;  // its end is that of the connection, its length is not told
};

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kEventStream = "text/event-stream";
inline constexpr std::string_view kHtml = "text/html";
inline constexpr std::string_view kText = "text/plain";
inline constexpr std::string_view kTextUtf8 = "text/plain; charset=utf-8";

}  // namespace bellwether::http
