// What the reading subcommands have in common: whom they ask, in what form they answer, and what
// it means when the answer is stale.
#pragma once

#include <CLI/App.hpp>

#include "cli/answers.h"
#include "cli/color.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/target.h"

namespace bellwether::cli {

struct ReadingFlags {
  SourceFlags source;
  TargetFlags target;
  Format format = Format::kTable;
  ColorChoice color = ColorChoice::kAuto;
};

// Adds a subcommand with all of these.
CLI::App& AddReading(CLI::App& app, const char* name, const char* help, ReadingFlags* flags);

// Chooses the source; then the election, for those that are about one: by name alone where a
// controller is asked. kInvalid.
Result<Target> TargetOf(ReadingFlags& flags);

// Prints, and says so where the controller cannot be sure of it: kUnknown then, else kOk.
int PrintAnswer(const char* command, const std::string& text, const Moment& moment);

}  // namespace bellwether::cli
