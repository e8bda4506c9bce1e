// The one binary: parses the command line and calls the subcommand.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "cli/exit_codes.h"
#include "cli/guardian.h"
#include "cli/query.h"
#include "cli/run.h"
#include "election/name.h"

namespace {

void AddRun(CLI::App& app, bellwether::cli::RunFlags* flags, int* code) {
  CLI::App& run =
      *app.add_subcommand("run", "wait in the queue of an election and run CMD only while leading");
  bellwether::cli::AddConnectionFlags(run, &flags->connection);
  flags->root = bellwether::election::kDefaultRoot;
  run.add_option("--election", flags->election, "NS/NAME, both DNS labels");
  run.add_option("--prefix", flags->prefix, "key prefix of an election that is not under the root");
  run.add_option("--root", flags->root, "root of all elections")->capture_default_str();
  run.add_option("--id", flags->id,
                 "name of this candidate; default: host name and a random number");
  run.add_option("--value", flags->value, "the application's own value, published with the leader");
  run.add_option("--address", flags->address, "URL under which the leader is reached");
  auto* raw = run.add_option("--raw-value", flags->raw_value,
                             "stored as it is, for elections that foreign programs read");
  run.add_option("--ttl", flags->ttl,
                 "time to live of the place when this process dies, at least 5s")
      ->capture_default_str();
  run.add_option("--stop-grace", flags->stop_grace,
                 "between SIGTERM and the end of validity; default min(5s, TTL/3)");
  run.add_flag("--once", flags->once, "end with exit code 75 when the leadership is lost");
  run.add_option("--restart", flags->restarts,
                 "start a failed CMD again N times before giving the place up")
      ->check(CLI::Range(0, 1000000));
  run.add_option("command", flags->command, "CMD and its arguments, behind --");
  run.callback([flags, raw, code] {
    flags->raw = raw->count() > 0;
    *code = bellwether::cli::Run(*flags);
  });
}

void AddQuery(CLI::App& app, const char* name, const char* help, bool one_election,
              bellwether::cli::QueryFlags* flags, int (*query)(const bellwether::cli::QueryFlags&),
              int* code) {
  CLI::App& command = *app.add_subcommand(name, help);
  bellwether::cli::AddConnectionFlags(command, &flags->connection);
  flags->root = bellwether::election::kDefaultRoot;
  command.add_option("--root", flags->root, "root of all elections")->capture_default_str();
  if (one_election) {
    command.add_option("election", flags->election, "NS/NAME");
    command.add_option("--prefix", flags->prefix,
                       "key prefix of an election that is not under the root");
  }
  command.callback([=] { *code = query(*flags); });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Leader election on etcd that writes nothing while nothing changes.", "bellwether");
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 etcd refused or away, 2 usage, 3 no leader, 4 unknown, 75 leadership "
      "lost (run --once);\n"
      "run otherwise ends with CMD's own exit code, 128 + N when signal N ended it.");
  int code = bellwether::cli::kOk;

  bellwether::cli::RunFlags run_flags;
  AddRun(app, &run_flags, &code);

  bellwether::cli::QueryFlags leader_flags;
  bellwether::cli::QueryFlags queue_flags;
  bellwether::cli::QueryFlags get_flags;
  AddQuery(app, "leader", "print the id of an election's leader", true, &leader_flags,
           bellwether::cli::Leader, &code);
  AddQuery(app, "queue", "print an election's queue, foreign candidates and orphans too", true,
           &queue_flags, bellwether::cli::Queue, &code);
  AddQuery(app, "get", "print the elections under the root", false, &get_flags,
           bellwether::cli::Get, &code);

  app.add_subcommand("version", "print the version")->callback([] {
    std::puts("bellwether " BELLWETHER_VERSION);
  });

  // Started by run only; the socket to it is descriptor 3.
  std::vector<std::string> guarded;
  CLI::App& guardian = *app.add_subcommand("guardian", "")->group("");
  guardian.add_option("command", guarded)->required();
  guardian.callback([&] { code = bellwether::cli::GuardianMain(3, guarded); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int parsed = app.exit(error);
    return parsed == 0 ? bellwether::cli::kOk : bellwether::cli::kUsage;
  }
  return code;
}
