#include "http/response_head.h"

#include <algorithm>
#include <ctime>
#include <functional>
#include <iterator>
#include <string_view>

namespace bellwether::http {
namespace {

std::string_view Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";  // allowed by RFC 9112; programs read the number
  }
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

void Add(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ");
  if (std::ranges::none_of(value, IsControl)) {
    head.append(value);
  } else {
    std::ranges::copy_if(value, std::back_inserter(head), std::not_fn(IsControl));
  }
  head.append("\r\n");
}

// RFC 9110 section 5.6.7. Made once a second by each thread.
std::string_view HttpDate(WallTime t) {
  thread_local time_t made_for = -1;
  thread_local char text[40];
  thread_local size_t size = 0;
  const time_t seconds = std::chrono::system_clock::to_time_t(t);
  if (seconds != made_for) {
    tm utc{};
    gmtime_r(&seconds, &utc);
    size = strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    made_for = seconds;
  }
  return {text, size};
}

}  // namespace

std::string FormatHead(const Response& response, bool keep_alive, WallTime now) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head.append(Reason(response.status)).append("\r\n");
  Add(head, "Date", HttpDate(now));
  if (!response.content_type.empty()) Add(head, "Content-Type", response.content_type);
  if (response.status != 204 && response.status != 304 && !response.endless) {
    Add(head, "Content-Length", std::to_string(response.body.size()));
  }
  // Ids and values come from candidates; no browser may take them for a page.
  Add(head, "X-Content-Type-Options", "nosniff");
  for (const Header& header : response.headers) Add(head, header.name, header.value);
  Add(head, "Connection", keep_alive ? "keep-alive" : "close");
  return head.append("\r\n");
}

}  // namespace bellwether::http
