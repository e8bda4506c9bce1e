// GET /openapi.yaml: the HTTP interface as an OpenAPI document, which is part of the binary.
#pragma once

#include <string_view>

#include "http/router.h"

namespace bellwether::http {

// openapi.yaml, as it stands in the source.
std::string_view OpenApiText();

Route DocumentCall();

}  // namespace bellwether::http
