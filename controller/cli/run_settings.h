// What `run` does with its flags, checked before anything is started.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "cli/health_monitor.h"
#include "cli/run.h"
#include "election/candidate.h"

namespace bellwether::cli {

struct RunSettings {
  std::string election;  // as CMD is told: NS/NAME, or the prefix
  std::string id;
  election::CandidateOptions candidate;
  Milliseconds stop_grace{0};
  Milliseconds endpoint_timeout{0};
  std::optional<HealthSettings> health;
  bool from_terminal = false;  // standard input is one
};

Result<RunSettings> CheckRunFlags(const RunFlags& flags);

}  // namespace bellwether::cli
