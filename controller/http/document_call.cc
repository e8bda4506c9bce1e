#include "http/document_call.h"

#include <string>

#include "http/common_answers.h"

namespace bellwether::http {

// Ignores Accept: there are many names for the type of YAML.
Route DocumentCall() {
  return {.method = "GET",
          .pattern = "/openapi.yaml",
          .parameters = {},
          .what = "all of this as an OpenAPI document",
          .handler = [](const Call&) {
            Response response = TextOk(std::string(OpenApiText()));
            response.content_type = "application/yaml";
            return response;
          }};
}

}  // namespace bellwether::http
