#include "app/config_command.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>

#include "cli/exit_codes.h"
#include "cli/output.h"

namespace bellwether::app {
namespace {

struct Flags {
  ConfigInput input;
  cli::Format format = cli::Format::kTable;
};

cli::Document DocumentOf(const ConfigReading& reading) {
  cli::Document document{{"valid", reading.problems.empty()},
                         {"problems", cli::Document::array()},
                         {"warnings", reading.warnings}};
  for (const ConfigProblem& problem : reading.problems.Ordered()) {
    cli::Document one{{"source", reading.sources.at(static_cast<size_t>(problem.at.source))}};
    if (problem.at.source == 0 && problem.at.line > 0) {
      one["line"] = problem.at.line;
      one["column"] = problem.at.column;
    }
    one["key"] = problem.key;
    one["message"] = problem.message;
    document["problems"].push_back(std::move(one));
  }
  return document;
}

int Validate(const Flags& flags) {
  ConfigReading reading = LoadConfig(flags.input);
  if (reading.problems.empty()) CheckFiles(reading);
  const bool valid = reading.problems.empty();
  Status printed = Ok();
  if (!cli::ForPeople(flags.format)) {
    printed = cli::Print(cli::Render(DocumentOf(reading), flags.format));
  } else {
    for (const std::string& warning : reading.warnings) {
      std::fprintf(stderr, "warning: %s\n", warning.c_str());
    }
    constexpr size_t kAll = std::numeric_limits<size_t>::max();
    if (valid) {
      std::fputs("ok\n", stderr);
    } else {
      printed = cli::Print(reading.problems.Describe(reading.sources, kAll) + "\n");
    }
  }
  if (!printed) {
    std::fprintf(stderr, "bellwether config validate: %s\n", printed.error().message.c_str());
    return cli::kFailed;
  }
  return valid ? cli::kOk : cli::kUsage;
}

}  // namespace

void AddConfig(CLI::App& app, int* code) {
  CLI::App& config = *app.add_subcommand("config", "look at a configuration of the controller");
  config.require_subcommand(1);
  const auto flags = std::make_shared<Flags>();
  CLI::App& validate = *config.add_subcommand(
      "validate", "name everything that is wrong with it; exit code 2 when something is");
  validate.add_option("file", flags->input.file, "configuration file (YAML), - for standard input")
      ->type_name(cli::kFileType);
  AddSetFlag(validate, &flags->input);
  cli::AddOutputFlag(validate, &flags->format);
  validate.footer(kOverridesHelp);
  validate.callback([flags, code] {
    flags->input.overrides.environment = ConfigOverrides::OwnEnvironment();
    *code = Validate(*flags);
  });
}

void AddSetFlag(CLI::App& command, ConfigInput* input) {
  command
      .add_option("--set", input->overrides.sets,
                  "override a key: --set log.level=debug; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

}  // namespace bellwether::app
