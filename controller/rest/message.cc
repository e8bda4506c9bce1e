#include "rest/message.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

namespace bellwether::rest {
namespace {

struct UrlEnd {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct TextEnd {
  void operator()(char* text) const { curl_free(text); }
};
using Url = std::unique_ptr<CURLU, UrlEnd>;

Error Bad(const std::string& url, const std::string& why) {
  return {.code = Code::kInvalid,
          .message = "server \"" + url + "\": " + why +
                     "; write it as http://HOST:PORT or https://HOST:PORT"};
}

// "" when the URL has no such part.
std::string Part(const Url& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, 0) != CURLUE_OK) return "";
  const std::unique_ptr<char, TextEnd> end(text);
  return text;
}

Result<std::string> ParseServer(const std::string& text) {
  const Url url(curl_url());
  const std::string whole = text.find("://") == std::string::npos ? "http://" + text : text;
  if (const CURLUcode wrong = curl_url_set(url.get(), CURLUPART_URL, whole.c_str(), 0);
      wrong != CURLUE_OK) {
    return Bad(text, curl_url_strerror(wrong));
  }
  const std::string scheme = Part(url, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return Bad(text, "unknown scheme " + scheme);
  if (!Part(url, CURLUPART_USER).empty()) return Bad(text, "a user has no place in it");
  if (!Part(url, CURLUPART_QUERY).empty() || !Part(url, CURLUPART_FRAGMENT).empty()) {
    return Bad(text, "it has a query or a fragment");
  }
  std::string server = Part(url, CURLUPART_URL);
  while (server.ends_with('/')) server.pop_back();
  return server;
}

}  // namespace

const std::string& Response::Find(std::string_view name) const {
  static const std::string kNone;
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const Header& header) { return header.name == name; });
  return found == headers.end() ? kNone : found->value;
}

Result<std::vector<std::string>> ParseServers(std::string_view list) {
  std::vector<std::string> servers;
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string text(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    auto server = ParseServer(text);
    if (!server) return server.error();
    if (std::find(servers.begin(), servers.end(), *server) != servers.end()) {
      return Bad(text, "named twice");
    }
    servers.push_back(*std::move(server));
  }
  if (servers.empty()) return Bad("", "none given");
  return servers;
}

std::string Encode(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      encoded.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return encoded;
}

}  // namespace bellwether::rest
