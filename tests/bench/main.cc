#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <exception>

#include "bench/flock.h"

int main(int argc, char** argv) {
  CLI::App app("The candidates that ./run bench measures.", "bench_flock");
  app.require_subcommand(1);
  int code = 1;

  bellwether::bench::IdleFlags idle_flags;
  CLI::App& idle = *app.add_subcommand("idle", "candidates that wait and lead");
  idle.add_option("--endpoints", idle_flags.endpoints)->required();
  idle.add_option("--root", idle_flags.root)->required();
  idle.add_option("--elections", idle_flags.elections)->required()->check(CLI::Range(1, 100000));
  idle.add_option("--candidates", idle_flags.candidates)->required()->check(CLI::Range(1, 1000));
  idle.callback([&] { code = bellwether::bench::Idle(idle_flags); });

  bellwether::bench::HandOverFlags hand_over_flags;
  CLI::App& hand_over = *app.add_subcommand("handover", "leaders that resign, one after the other");
  hand_over.add_option("--endpoints", hand_over_flags.endpoints)->required();
  hand_over.add_option("--prefix", hand_over_flags.prefix)->required();
  hand_over.add_option("--candidates", hand_over_flags.candidates)
      ->required()
      ->check(CLI::Range(2, 100));
  hand_over.callback([&] { code = bellwether::bench::HandOver(hand_over_flags); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_flock: %s\n", error.what());
    return 1;
  }
  return code;
}
