// The configuration that is in effect, and reading it again.
//
// Thread: one; status() is read by any. Reads files, so never a shard's.
#pragma once

#include <optional>

#include "app/config.h"
#include "app/config_reading.h"
#include "app/config_status.h"

namespace bellwether::app {

class ConfigReloader {
 public:
  // `reading` has no problems and is in effect.
  ConfigReloader(ConfigInput input, const ConfigReading& reading);

  // Reads it again and logs what that changes, what waits for a restart, or each thing that is
  // wrong: then nothing changes. Returns what is to be applied, also when it is what was before:
  // what was refused then is tried again. nullopt = nothing.
  std::optional<Config> Reload();

  const ConfigStatus& status() const { return status_; }

 private:
  std::optional<Config> Refuse(const ConfigReading& reading);

  const ConfigInput input_;
  ConfigNode in_effect_;
  ConfigStatus status_;
};

}  // namespace bellwether::app
