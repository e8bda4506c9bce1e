// The flags of `run`.
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <utility>

#include "cli/commands.h"
#include "cli/run.h"
#include "election/name.h"

namespace bellwether::cli {
namespace {

void AddHealthFlags(CLI::App& run, RunFlags* flags) {
  const auto add = [&](const char* name, auto* to, const char* help) {
    return run.add_option(name, *to, help)->group("Health of the application");
  };
  add("--health", &flags->health,
      "http://HOST:PORT/PATH (2xx and 3xx are well) or tcp:HOST:PORT. Without CMD: queues only "
      "while that is well. With CMD: checked while CMD runs; when it fails, CMD is stopped, the "
      "place is given up and run queues again");
  add("--health-interval", &flags->health_interval, "between two checks")->capture_default_str();
  add("--health-timeout", &flags->health_timeout, "for one check")->capture_default_str();
  add("--health-failures", &flags->health_failures, "in a row, until it fails")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  add("--health-successes", &flags->health_successes, "in a row, until it is well")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  add("--health-start", &flags->health_start,
      "with CMD: failures do not count so long after its start, until it is well")
      ->capture_default_str();
}

}  // namespace

void AddRun(CLI::App& app, std::vector<std::string> behind_dashes, Serve serve, int* code) {
  const auto flags = std::make_shared<RunFlags>();
  flags->command = std::move(behind_dashes);
  CLI::App& run = *app.add_subcommand(
      "run",
      "wait in the queue of an election; run CMD only while leading, or tell by HTTP who leads");
  AddConnectionFlags(run, &flags->connection);
  run.add_option_function<std::string>(
         "--controller",
         [](const std::string&) {
           throw CLI::ValidationError(
               "--controller",
               "a candidate stands in etcd itself; give --endpoints with its URLs instead");
         },
         "not for run: a candidate needs --endpoints")
      ->trigger_on_parse()
      ->group("");
  flags->target.root = election::kDefaultRoot;
  run.add_option("--election", flags->target.election, "NS/NAME, both DNS labels");
  run.add_option("--prefix", flags->target.prefix,
                 "key prefix of an election that is not under the root");
  run.add_option("--root", flags->target.root, "root of all elections")->capture_default_str();
  run.add_option("--id", flags->id,
                 "name of this candidate; default: host name and a random number");
  run.add_option("--value", flags->value, "the application's own value, published with the leader");
  run.add_option("--address", flags->address, "URL under which the leader is reached");
  auto* raw =
      run.add_option("--raw-value", flags->raw_value,
                     "stored as it is, for elections that foreign programs read; nothing else "
                     "is published then, and --id is known to CMD alone");
  run.add_option("--ttl", flags->ttl,
                 "time to live of the place when this process dies, at least 5s")
      ->capture_default_str();
  run.add_option("--stop-grace", flags->stop_grace,
                 "between SIGTERM and the end of validity; default min(5s, TTL/3). Without CMD: "
                 "from the moment when /leader ceases to be 200 until the place may be another's, "
                 "default 0s");
  run.add_flag("--once", flags->once, "end with exit code 75 when the leadership is lost");
  run.add_option("--restart", flags->restarts,
                 "start a failed CMD again N times before giving the place up")
      ->check(CLI::Range(0, 1000000));
  run.add_option("--http", flags->http,
                 "HOST:PORT on which to tell who leads: / /leader /standby /v1/candidate; with or "
                 "without CMD");
  AddHealthFlags(run, flags.get());
  run.footer(
      "Behind --: CMD and its arguments, taken as they are. Without CMD and with --http it is a "
      "sidecar,\nwhich SIGTERM and SIGINT end with exit code 0.");
  run.callback([flags, raw, serve = std::move(serve), code] {
    flags->raw = raw->count() > 0;
    *code = Run(*flags, serve);
  });
}

}  // namespace bellwether::cli
