#include "http/common_answers.h"

#include <charconv>
#include <utility>

#include "http/problem.h"

namespace bellwether::http {
namespace {

Response Ok(std::string_view content_type, std::string body) {
  return {.status = 200,
          .content_type = std::string(content_type),
          .body = std::move(body),
          // A cache may keep it, but asks again before each use.
          .headers = {{"Cache-Control", "no-cache"}}};
}

}  // namespace

Response NotLoaded() {
  return ToResponse({.type = kNotLoaded,
                     .detail = "This replica has not read the elections from etcd yet.",
                     .next = "Try again in a second; /readyz?verbose tells what it waits for.",
                     .retry_after = Milliseconds(1000)});
}

Response NotAcceptable(const std::vector<std::string_view>& offers) {
  return ToResponse({.type = kNotAcceptable,
                     .detail = "None of the types in the Accept header can be given.",
                     .next = "Ask for one of those listed in \"allowed\", or send no Accept.",
                     .allowed = offers});
}

Response InvalidParameter(std::string_view parameter, const std::string& value,
                          const std::string& wanted, std::vector<std::string_view> allowed) {
  return ToResponse({.type = kInvalidParameter,
                     .detail = "\"" + value.substr(0, 200) + "\" is not a value of \"" +
                               std::string(parameter) + "\".",
                     .next = "Give " + wanted + ", or leave it out.",
                     .parameter = std::string(parameter),
                     .allowed = std::move(allowed)});
}

std::optional<Response> ReadLimit(const Call& call, size_t most, size_t* limit) {
  const std::string* given = call.Find("limit");
  if (given == nullptr) return std::nullopt;
  size_t read = 0;
  const char* end = given->data() + given->size();
  const auto [stop, ec] = std::from_chars(given->data(), end, read);
  if (ec != std::errc() || stop != end || read < 1 || read > most) {
    return InvalidParameter("limit", *given, "a number from 1 to " + std::to_string(most));
  }
  *limit = read;
  return std::nullopt;
}

std::optional<Response> RefuseParameters(const Call& call,
                                         const std::vector<std::string_view>& parameters,
                                         std::string_view with) {
  for (const std::string_view parameter : parameters) {
    if (call.Find(parameter) == nullptr) continue;
    return ToResponse(
        {.type = kInvalidParameter,
         .detail = "\"" + std::string(parameter) + "\" does not go with " + std::string(with) + ".",
         .next = "Leave one of the two out.",
         .parameter = std::string(parameter)});
  }
  return std::nullopt;
}

Response JsonOk(std::string body) {
  body += '\n';
  return Ok(kJson, std::move(body));
}

Response TextOk(std::string body) { return Ok(kTextUtf8, std::move(body)); }

Response ProbeAnswer(int status, std::string body) {
  return {.status = status,
          .content_type = std::string(kTextUtf8),
          .body = std::move(body),
          .headers = {{"Cache-Control", "no-store"}}};
}

Header StaleHeader(const election::Freshness& freshness, MonotonicTime now) {
  return {"X-Bellwether-Stale", freshness.FreshAt(now) ? "false" : "true"};
}

}  // namespace bellwether::http
