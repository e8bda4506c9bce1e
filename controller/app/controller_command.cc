#include "app/controller_command.h"

#include <signal.h>
#include <unistd.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "app/config_command.h"
#include "app/config_print.h"
#include "app/config_reading.h"
#include "app/config_reloader.h"
#include "app/config_schema.h"
#include "app/controller.h"
#include "base/log.h"
#include "cli/exit_codes.h"
#include "cli/output.h"

namespace bellwether::app {
namespace {

// For requests under way when SIGTERM comes; the longest answer from etcd takes half of it.
constexpr Milliseconds kStopGrace{10000};

sigset_t OurSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  return signals;
}

// The next one of these, which are blocked; 0 = none within a second.
int NextSignal(const sigset_t& signals) {
  const timespec second{.tv_sec = 1, .tv_nsec = 0};
  return std::max(sigtimedwait(&signals, nullptr, &second), 0);
}

// An explicit end: the first process of a container ignores signals that it has no handler for.
void EndAtOnce(int signal) { _exit(128 + signal); }

void EndAtOnceOnTheNextSignal(sigset_t signals) {
  sigdelset(&signals, SIGHUP);  // changes nothing any more
  struct sigaction action {};
  action.sa_handler = EndAtOnce;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

int Refuse(const Error& error) {
  std::fprintf(stderr, "bellwether controller: cannot start\n%s\n", error.message.c_str());
  return error.code == Code::kInvalid ? cli::kUsage : cli::kFailed;
}

int Serve(const ConfigInput& input) {
  // Blocked before any thread exists, so that this one alone takes them.
  const sigset_t signals = OurSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGHUP, SIG_DFL);  // under nohup it would never arrive
  const ConfigReading reading = LoadConfig(input);
  const auto config = reading.config();
  if (!config) return Refuse(config.error());
  log::Configure(config->log_level, config->log_format);
  log::Info("starting",
            {{"version", BELLWETHER_VERSION}, {"config", input.file}, {"root", config->root}});
  for (const std::string& warning : reading.warnings) log::Warning(warning);
  ConfigReloader reloader(input, reading);
  auto controller = Controller::Start(*config, reloader.status());
  if (!controller) return Refuse(controller.error());
  log::Info("serving", {{"address", (*controller)->address()}});
  int signal = 0;
  while ((signal = NextSignal(signals)) == 0 || signal == SIGHUP) {
    (*controller)->RefreshFiles();
    if (signal == 0) continue;
    if (const auto changed = reloader.Reload()) (*controller)->Apply(*changed);
  }
  log::Info("stopping", {{"signal", signal}});
  EndAtOnceOnTheNextSignal(signals);
  (*controller)->Stop(kStopGrace);
  (*controller).reset();
  log::Info("stopped");
  return cli::kOk;
}

int PrintEffective(const ConfigInput& input) {
  const ConfigReading reading = LoadConfig(input);
  for (const std::string& warning : reading.warnings) {
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  }
  if (!reading.problems.empty()) {
    std::fprintf(stderr, "%s\n", reading.problems.Describe(reading.sources).c_str());
    return cli::kUsage;
  }
  const Status printed = cli::Print(PrintConfig(reading.tree, reading.sources));
  return printed ? cli::kOk : Refuse(printed.error());
}

struct Flags {
  ConfigInput input;
  bool print_config = false;
  bool print_schema = false;
};

}  // namespace

void AddController(CLI::App& app, int* code) {
  CLI::App& command =
      *app.add_subcommand("controller", "observe the elections and publish who leads over HTTP");
  const auto flags = std::make_shared<Flags>();
  auto* config = command
                     .add_option("--config", flags->input.file,
                                 "configuration file (YAML), - for standard input; not needed "
                                 "when etcd.endpoints is set otherwise")
                     ->type_name(cli::kFileType);
  AddSetFlag(command, &flags->input);
  auto* effective =
      command.add_flag("--print-config", flags->print_config,
                       "print the configuration in effect and where each value came from");
  auto* schema = command.add_flag("--print-schema", flags->print_schema,
                                  "print the JSON schema of the configuration file");
  schema->excludes(config)->excludes(effective);
  command.footer(kOverridesHelp);
  command.callback([flags, code] {
    if (flags->print_schema) {
      std::printf("%s", std::string(ConfigSchema::Text()).c_str());
      return;
    }
    flags->input.overrides.environment = ConfigOverrides::OwnEnvironment();
    *code = flags->print_config ? PrintEffective(flags->input) : Serve(flags->input);
  });
}

}  // namespace bellwether::app
