// The HTTP server of `run --http`: what the candidate of this process says of itself, and who leads
// its election, by a watch of its prefix.
#pragma once

#include <memory>

#include "base/result.h"
#include "cli/serving.h"

namespace bellwether::app {

// As cli::Serve has it.
Result<std::unique_ptr<cli::Serving>> ServeCandidate(const cli::ServedCandidate& candidate);

}  // namespace bellwether::app
