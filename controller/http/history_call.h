// GET /v1/elections/{ns}/{name}/history: who led before, as far as this replica remembers.
#pragma once

#include "http/router.h"
#include "http/sources.h"

namespace bellwether::http {

Response HistoryOf(const Call& call, const Sources& sources);

}  // namespace bellwether::http
