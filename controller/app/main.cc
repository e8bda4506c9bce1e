// The one binary: parses the command line and calls the subcommand.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "app/candidate_server.h"
#include "app/config_command.h"
#include "app/controller_command.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/guardian.h"
#include "cli/talk.h"

int main(int argc, char** argv) {
  // What stands behind "--" is CMD, whatever its words look like.
  char** const dashes = std::find(argv, argv + argc, std::string_view("--"));
  const std::vector<std::string> command(std::min(dashes + 1, argv + argc), argv + argc);
  // Started by run only; the socket to it is descriptor 3.
  if (argc > 1 && argv[1] == std::string_view("guardian")) {
    return bellwether::cli::GuardianMain(3, command);
  }

  // A variable that is empty, most likely: without CMD `run` would be a sidecar, and lead.
  if (dashes != argv + argc && command.empty()) {
    std::fprintf(stderr,
                 "bellwether: nothing stands behind --; write the command there, or leave the -- "
                 "out\n");
    return bellwether::cli::kUsage;
  }

  CLI::App app("Leader election on etcd that writes nothing while nothing changes.", "bellwether");
  app.require_subcommand(1);
  app.footer(bellwether::cli::ExitCodesHelp());
  int code = bellwether::cli::kOk;

  bellwether::cli::AddRun(app, command, bellwether::app::ServeCandidate, &code);
  bellwether::cli::AddGet(app, &code);
  bellwether::cli::AddLeader(app, &code);
  bellwether::cli::AddQueue(app, &code);
  bellwether::cli::AddWatch(app, &code);
  bellwether::cli::AddHistory(app, &code);
  bellwether::cli::AddResign(app, &code);
  bellwether::app::AddController(app, &code);
  bellwether::app::AddConfig(app, &code);
  bellwether::cli::AddCompletion(app, &code);
  bellwether::cli::AddVersion(app, &code);

  if (!command.empty()) {
    for (CLI::App* other : app.get_subcommands({})) {
      if (other->get_name() == "run") continue;
      // Before it does anything.
      other->preparse_callback([other](size_t) {
        throw CLI::ParseError("bellwether " + other->get_name() +
                                  ": only run takes words behind --; leave out the --",
                              bellwether::cli::kUsage);
      });
    }
  }

  try {
    app.parse(static_cast<int>(dashes - argv), argv);
  } catch (const CLI::ParseError& error) {
    const int parsed = app.exit(error);
    return parsed == 0 ? bellwether::cli::kOk : bellwether::cli::kUsage;
  }
  bellwether::cli::FinishTalking();
  return code;
}
