#include "cli/run.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/log.h"
#include "cli/descriptors.h"
#include "cli/exit_codes.h"
#include "cli/packet_reader.h"
#include "cli/process_tree.h"
#include "cli/runner.h"
#include "cli/sidecar.h"
#include "etcd/version.h"

namespace bellwether::cli {
namespace {

// Taken from the kernel instead of their usual effect.
sigset_t TakenSignals() {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int signal : {SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCHLD, SIGTSTP}) {
    sigaddset(&taken, signal);
  }
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) sigaddset(&taken, signal);
  // nohup and shells without job control leave these ignored on purpose; CMD inherits that.
  for (const int signal : {SIGINT, SIGHUP, SIGQUIT}) {
    struct sigaction action {};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_IGN) sigaddset(&taken, signal);
  }
  return taken;
}

// No disposition changes, so that CMD inherits what this process was given. Before any thread
// exists, so that every thread inherits the mask.
void BlockSignals(sigset_t taken) {
  sigaddset(&taken, SIGPIPE);  // writing fails with EPIPE
  // In the background of a terminal it may still write its log; it never reads.
  sigaddset(&taken, SIGTTOU);
  sigprocmask(SIG_BLOCK, &taken, nullptr);
  // Except this: whoever starts us with it ignored would leave us unable to wait for children.
  ::signal(SIGCHLD, SIG_DFL);
}

void WarnOfOldServers(etcd::Client& client) {
  for (size_t endpoint = 0; endpoint < client.endpoint_count(); ++endpoint) {
    client.Status(endpoint, {}, [name = client.endpoint_name(endpoint)](const auto& status) {
      if (!status || !etcd::MayConfirmRevokedLeases(status->version)) return;
      log::Warning(
          "this etcd may confirm keepalives of a revoked lease; use the fencing token, and upgrade",
          {{"endpoint", name}, {"version", status->version}, {"to", etcd::kLeaseSafeVersions}});
    });
  }
}

void OnSignal(int signal, OwnTree& tree, Participant& participant) {
  // Guardians that are over, and as PID 1 the orphans of the whole container.
  if (signal == SIGCHLD) return tree.Reap();
  if (signal == SIGTSTP) {
    log::Warning("not stopped: a stopped candidate loses its place; Ctrl-C ends it");
    return;
  }
  participant.OnSignal(signal);
}

int Refuse(const Error& error) {
  std::fprintf(stderr, "bellwether run: %s\n", error.message.c_str());
  return error.code == Code::kInvalid ? kUsage : kFailed;
}

// From the first thread to the last.
int Participate(EventLoop& loop, etcd::Client& client, OwnTree& tree, int signals,
                const RunFlags& flags, const RunSettings& settings, const Serve& serve) {
  election::OwnStateStore own;
  Surroundings surroundings{loop, client, settings, own, nullptr};
  if (settings.health) {
    auto health = HealthMonitor::Make(loop, *settings.health);
    if (!health) return Refuse(health.error());
    surroundings.health = *std::move(health);
  }
  std::unique_ptr<Participant> participant;
  if (flags.command.empty()) {
    participant = std::make_unique<Sidecar>(std::move(surroundings), flags.once);
  } else {
    participant = std::make_unique<Runner>(std::move(surroundings), tree, flags);
  }
  std::unique_ptr<Serving> serving;
  if (!flags.http.empty()) {
    auto served = serve({.loop = loop,
                         .client = client,
                         .own = own,
                         .listen = flags.http,
                         .election = settings.election,
                         .prefix = settings.candidate.prefix});
    if (!served) return Refuse(served.error());
    serving = *std::move(served);
  }
  loop.Post([&participant] { participant->Start(); });
  const auto reader = PacketReader::Make(loop, signals, [&](const std::string& packet) {
    // One read may bring several signals.
    signalfd_siginfo info{};
    for (size_t at = 0; at + sizeof info <= packet.size(); at += sizeof info) {
      std::memcpy(&info, packet.data() + at, sizeof info);
      OnSignal(static_cast<int>(info.ssi_signo), tree, *participant);
    }
  });
  if (!reader) return Refuse(reader.error());
  WarnOfOldServers(client);
  loop.Run();
  return participant->exit_code();
}

}  // namespace

int Run(const RunFlags& flags, const Serve& serve) {
  OpenMissingStandardDescriptors();
  const auto settings = CheckRunFlags(flags);
  if (!settings) {
    std::fprintf(stderr, "bellwether run: %s\n", settings.error().message.c_str());
    return kUsage;
  }
  if (const Status enough = CheckDescriptorLimit(); !enough) {
    std::fprintf(stderr, "bellwether run: %s\n", enough.error().message.c_str());
    return kFailed;
  }
  setenv("BELLWETHER_ELECTION", settings->election.c_str(), 1);
  setenv("BELLWETHER_ID", settings->id.c_str(), 1);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  OwnTree tree;
  const sigset_t taken = TakenSignals();
  BlockSignals(taken);
  const int signals = signalfd(-1, &taken, SFD_CLOEXEC);
  if (signals < 0) {
    std::perror("bellwether run: signalfd");
    return kFailed;
  }

  EventLoop loop;
  auto connection = Connect(loop, flags.connection, settings->endpoint_timeout);
  if (!connection) {
    std::fprintf(stderr, "bellwether run: %s\n", connection.error().message.c_str());
    return kUsage;
  }
  const int code = Participate(loop, *connection->client, tree, signals, flags, *settings, serve);
  connection->client.reset();
  connection->transport.reset();
  close(signals);
  return code;
}

}  // namespace bellwether::cli
