// Whom a reading subcommand asks: etcd itself or a controller.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/result.h"
#include "cli/connection.h"
#include "cli/target.h"

namespace bellwether::cli {

struct SourceFlags {
  ConnectionFlags connection;
  std::string controllers;  // URLs

  // By URLs of a controller; else by connection.endpoints.
  bool by_controller() const { return !controllers.empty(); }
};

// --endpoints, --controller and what a connection needs, each also from BELLWETHER_….
void AddSourceFlags(CLI::App& command, SourceFlags* flags);

// To be called once they are parsed: a flag wins over both variables; both flags, both variables
// or nothing at all is kInvalid. The variables as getenv has them, null = not set.
Status ChooseSource(SourceFlags& flags, const char* endpoints_variable,
                    const char* controller_variable);

// The same by this process's environment; and what a controller does not know is refused: it has
// elections by name, not by prefix or root.
Status ChooseSource(SourceFlags& flags, const TargetFlags& target);

}  // namespace bellwether::cli
