#include "app/candidate_server.h"

#include <atomic>
#include <utility>

#include "app/http_families.h"
#include "app/readiness.h"
#include "base/log.h"
#include "election/name.h"
#include "election/observer.h"
#include "election/view_store.h"
#include "growth/status_store.h"
#include "http/server.h"
#include "metrics/exporter.h"

namespace bellwether::app {
namespace {

// For requests under way when the process ends.
constexpr Milliseconds kStopGrace{1000};
// Of one application and its probes, unlike the controller's.
constexpr size_t kConnections = 100;

// An election that is known by its prefix alone has the prefix as its name, in no namespace.
election::ElectionName NameOf(const cli::ServedCandidate& candidate) {
  const auto name = election::ParseElectionName(candidate.election);
  return name ? *name : election::ElectionName{.ns = "", .name = candidate.prefix};
}

class CandidateServer final : public cli::Serving {
 public:
  explicit CandidateServer(const cli::ServedCandidate& candidate)
      : observer_(candidate.loop, candidate.client,
                  {.root = "", .prefixes = {{NameOf(candidate), candidate.prefix}}}, views_),
        exporter_(views_, no_status_, {}, {}, [this] { return HttpFamilies(server_counters()); }) {}

  Status Start(const cli::ServedCandidate& candidate) {
    auto server = http::Server::Start(
        {.listen = candidate.listen, .threads = 1, .limits = {.connections = kConnections}},
        {.views = views_,
         .metrics = [this] { return exporter_.Render(); },
         .readiness = [this] { return Assess(BootClock::now(), views_.freshness(), nullptr); },
         .read_linearizable = {},
         .own = &candidate.own});
    if (!server) return server.error();
    server_ = *std::move(server);
    serving_ = server_.get();
    log::Info("serving", {{"address", server_->address()}});
    observer_.Start();
    return Ok();
  }

  ~CandidateServer() override {
    if (server_) server_->Stop(kStopGrace);
  }

 private:
  http::Counters server_counters() const {
    const http::Server* server = serving_;
    return server != nullptr ? server->counters() : http::Counters();
  }

  election::ViewStore views_;
  const growth::StatusStore no_status_;  // etcd itself is not looked at
  election::Observer observer_;
  metrics::Exporter exporter_;
  std::atomic<const http::Server*> serving_{nullptr};  // null until it has started
  std::unique_ptr<http::Server> server_;
};

}  // namespace

Result<std::unique_ptr<cli::Serving>> ServeCandidate(const cli::ServedCandidate& candidate) {
  auto made = std::make_unique<CandidateServer>(candidate);
  if (const Status started = made->Start(candidate); !started) return started.error();
  return Result<std::unique_ptr<cli::Serving>>(std::move(made));
}

}  // namespace bellwether::app
