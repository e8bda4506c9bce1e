#include "http/problem.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace bellwether::http {

Response ToResponse(const Problem& problem) {
  nlohmann::ordered_json json{{"type", "urn:bellwether:problem:" + std::string(problem.type.code)},
                              {"title", problem.type.title},
                              {"status", problem.type.status},
                              {"detail", problem.detail},
                              {"next", problem.next}};
  if (!problem.parameter.empty()) json["parameter"] = problem.parameter;
  if (!problem.allowed.empty()) json["allowed"] = problem.allowed;
  // The detail may repeat bytes of the request: those that are not UTF-8 are replaced.
  Response response{
      .status = problem.type.status,
      .content_type = "application/problem+json",
      .body = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n",
      .headers = {{"Cache-Control", "no-store"}}};
  if (problem.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*problem.retry_after).count();
    response.headers.push_back({"Retry-After", std::to_string(std::max<int64_t>(seconds, 1))});
  }
  return response;
}

}  // namespace bellwether::http
