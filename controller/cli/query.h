// What the subcommands that talk to etcd directly have in common: flags, the election they name,
// calls that block.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "cli/answers.h"
#include "cli/connection.h"
#include "cli/target.h"

namespace bellwether::cli {

struct QueryFlags {
  ConnectionFlags connection;
  TargetFlags target;
};

// Adds a subcommand with the connection's flags and --root.
CLI::App& AddQuery(CLI::App& app, const char* name, const char* help, QueryFlags* flags);
// The election that it is about: NS/NAME or --prefix.
void AddElectionFlags(CLI::App& command, TargetFlags* flags);

// The election with its first place alone, from one linearizable read.
Result<ElectionAnswer> ReadFirstPlace(const ConnectionFlags& flags, const Target& target);

// Says what is wrong; `code`, or kUsage for wrong input.
int Fail(const char* command, const Error& error, int code);

// Connects, hands the client to `start` and blocks until something has stopped the loop.
Status WithEtcd(const ConnectionFlags& flags,
                const std::function<void(EventLoop&, etcd::Client&)>& start);

// The same error with what to look at, where etcd did not answer.
Error WithAdvice(Error error);

// One question: blocks until `start` has called what it was given.
template <typename T>
Result<T> Ask(const ConnectionFlags& flags,
              const std::function<void(etcd::Client&, etcd::Callback<T>)>& start) {
  std::optional<Result<T>> answer;
  const Status connected = WithEtcd(flags, [&](EventLoop& loop, etcd::Client& client) {
    start(client, [&](Result<T> told) {
      answer = std::move(told);
      loop.Stop();
    });
  });
  if (!connected) return connected.error();
  if (!*answer) return WithAdvice(answer->error());
  return *std::move(answer);
}

}  // namespace bellwether::cli
