#include "cli/reading.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/exit_codes.h"
#include "cli/query.h"
#include "cli/talk.h"
#include "election/name.h"

namespace bellwether::cli {

CLI::App& AddReading(CLI::App& app, const char* name, const char* help, ReadingFlags* flags) {
  CLI::App& command = *app.add_subcommand(name, help);
  AddSourceFlags(command, &flags->source);
  flags->target.root = election::kDefaultRoot;
  command.add_option("--root", flags->target.root, "root of all elections, where etcd is asked")
      ->capture_default_str();
  AddOutputFlag(command, &flags->format);
  AddColorFlag(command, &flags->color);
  return command;
}

Result<Target> TargetOf(ReadingFlags& flags) {
  if (auto chosen = ChooseSource(flags.source, flags.target); !chosen) return chosen.error();
  auto target = TargetOf(flags.target);
  if (target && flags.source.by_controller()) target->prefix.clear();  // it has its own
  return target;
}

int PrintAnswer(const char* command, const std::string& text, const Moment& moment) {
  if (const Status printed = Print(text); !printed) {
    return Fail(command, printed.error(), kFailed);
  }
  if (!moment.stale) return kOk;
  Say(command, "the controller has no confirmation from etcd since " + Rfc3339(moment.as_of) +
                   ": this may have changed. Ask another replica, or etcd itself with --endpoints");
  return kUnknown;
}

}  // namespace bellwether::cli
