#include "rest/problem.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string>

namespace bellwether::rest {
namespace {

using nlohmann::json;

// Of a server's words; enough for any that mean to be read.
constexpr size_t kMaxWordsBytes = 1000;
constexpr int64_t kMaxRetryAfterS = 3600;

std::string Text(const json& problem, const char* name) {
  const auto found = problem.find(name);
  if (found == problem.end() || !found->is_string()) return "";
  return found->get<std::string>().substr(0, kMaxWordsBytes);
}

// An object, or null when the body is none.
json ProblemIn(const Response& response) {
  if (!response.Find("content-type").starts_with("application/problem+json")) return nullptr;
  json problem = json::parse(response.body, nullptr, false);
  return problem.is_object() ? problem : json(nullptr);
}

// What a proxy or another program says: text, not a page.
std::string FirstLine(const Response& response) {
  if (!response.Find("content-type").starts_with("text/plain")) return "";
  return response.body.substr(0, std::min(response.body.find_first_of("\r\n"), kMaxWordsBytes));
}

Code CodeOf(int status) {
  switch (status) {
    case 401:
    case 403:
      return Code::kPermission;
    case 404:
      return Code::kNotFound;
    case 408:
    case 504:
      return Code::kDeadline;
    case 409:
    case 412:
      return Code::kConflict;
    case 410:
      return Code::kCompacted;
    case 413:
      return Code::kTooLarge;
    case 429:
      return Code::kUnavailable;
    default:
      break;
  }
  if (status >= 500) return Code::kUnavailable;
  return status >= 400 ? Code::kInvalid : Code::kInternal;
}

std::optional<Milliseconds> RetryAfter(const Response& response) {
  const std::string& text = response.Find("retry-after");
  int64_t seconds = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || ec != std::errc() || end != text.data() + text.size() || seconds < 0) {
    return std::nullopt;
  }
  return std::chrono::seconds(std::min(seconds, kMaxRetryAfterS));
}

bool Writes(const Response& response) {
  return !response.asked.starts_with("GET ") && !response.asked.starts_with("HEAD ");
}

}  // namespace

Error RefusalOf(const Response& response) {
  const json problem = ProblemIn(response);
  std::string words;
  if (problem.is_object()) {
    for (const char* member : {"title", "detail", "next"}) {
      const std::string text = Text(problem, member);
      if (text.empty()) continue;
      words += (words.empty() ? "" : words.ends_with('.') ? " " : ": ") + text;
    }
  } else {
    words = FirstLine(response);
  }
  const Code code = CodeOf(response.status);
  const bool may_have_happened =
      Writes(response) && (code == Code::kUnavailable || code == Code::kDeadline);
  return {.code = code,
          .effect = may_have_happened ? Effect::kUnknown : Effect::kNone,
          .message = response.asked + ": status " + std::to_string(response.status) +
                     (words.empty() ? "" : ": " + words),
          .retry_after = RetryAfter(response)};
}

bool IsProblem(const Response& response, std::string_view code) {
  const json problem = ProblemIn(response);
  return problem.is_object() &&
         Text(problem, "type") == "urn:bellwether:problem:" + std::string(code);
}

}  // namespace bellwether::rest
