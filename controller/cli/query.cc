#include "cli/query.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>

#include "cli/exit_codes.h"
#include "cli/talk.h"
#include "election/name.h"
#include "election/root_queues.h"

namespace bellwether::cli {
namespace {

// How long a question may take, over all endpoints.
constexpr etcd::CallOptions kReadCall{.timeout = Milliseconds(5000)};

}  // namespace

CLI::App& AddQuery(CLI::App& app, const char* name, const char* help, QueryFlags* flags) {
  CLI::App& command = *app.add_subcommand(name, help);
  AddConnectionFlags(command, &flags->connection);
  flags->target.root = election::kDefaultRoot;
  command.add_option("--root", flags->target.root, "root of all elections")->capture_default_str();
  return command;
}

void AddElectionFlags(CLI::App& command, TargetFlags* flags) {
  command.add_option("election", flags->election, "NS/NAME");
  command.add_option("--prefix", flags->prefix,
                     "key prefix of an election that is not under the root");
}

Result<ElectionAnswer> ReadFirstPlace(const ConnectionFlags& flags, const Target& target) {
  const WallTime as_of = std::chrono::system_clock::now();
  auto queues = election::RootQueues::OfPrefix({.election = {}, .prefix = target.prefix});
  const auto read = Ask<etcd::RangeResponse>(
      flags, [&](etcd::Client& client, etcd::Callback<etcd::RangeResponse> done) {
        client.Range({.key = queues.begin(),
                      .range_end = queues.end(),
                      .limit = 1,
                      .sort = etcd::RangeRequest::Sort::kCreateAscending},
                     kReadCall, std::move(done));
      });
  if (!read) return read.error();
  const Revision revision = read->header.revision;
  auto loaded = queues.Load({BootClock::now(), as_of}, revision, read->kvs);
  return ElectionAnswer{loaded.published.front(), {.revision = revision, .as_of = as_of}};
}

int Fail(const char* command, const Error& error, int code) {
  Say(command, error.message);
  return error.code == Code::kInvalid ? kUsage : code;
}

Error WithAdvice(Error error) {
  if (error.code == Code::kUnavailable || error.code == Code::kDeadline) {
    error.message += "; check --endpoints and that etcd runs, then ask again";
  }
  return error;
}

Status WithEtcd(const ConnectionFlags& flags,
                const std::function<void(EventLoop&, etcd::Client&)>& start) {
  EventLoop loop;
  auto connection = Connect(loop, flags);
  if (!connection) return connection.error();
  loop.Post([&] { start(loop, *connection->client); });
  loop.Run();
  connection->client.reset();
  connection->transport.reset();
  return Ok();
}

}  // namespace bellwether::cli
