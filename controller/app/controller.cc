#include "app/controller.h"

#include <utility>

#include "app/http_families.h"
#include "base/log.h"

namespace bellwether::app {

Controller::Controller(std::unique_ptr<Shard> shard, const Config& config,
                       const ConfigStatus& status)
    : shard_(std::move(shard)),
      exporter_(
          shard_->views(), shard_->status(), {.max_elections = config.metrics_max_elections},
          [this] { return shard_->counters(); },
          [this, &status] {
            const http::Server* server = serving_;
            auto families = HttpFamilies(server != nullptr ? server->counters() : http::Counters());
            for (auto& family : status.Families()) families.push_back(std::move(family));
            return families;
          }) {}

Result<std::unique_ptr<Controller>> Controller::Start(const Config& config,
                                                      const ConfigStatus& status) {
  auto shard = Shard::Start(config);
  if (!shard) return shard.error();
  std::unique_ptr<Controller> made(new Controller(*std::move(shard), config, status));
  Controller* const self = made.get();
  auto server = http::Server::Start(
      config.http,
      {.views = self->shard_->views(),
       .metrics = [self] { return self->exporter_.Render(); },
       .readiness = [self] { return self->shard_->readiness(); },
       .read_linearizable =
           [self](const election::ElectionName& election, http::LinearizableCallback done) {
             self->shard_->ReadLinearizable(election, std::move(done));
           },
       .lease_ttl = [self](LeaseId lease) { return self->shard_->LeaseTtl(lease); },
       .history = &self->shard_->history()});
  if (!server) return server.error();
  made->server_ = *std::move(server);
  made->serving_ = made->server_.get();
  return made;
}

void Controller::Apply(const Config& config) {
  log::Configure(config.log_level, config.log_format);
  exporter_.SetMaxElections(config.metrics_max_elections);
  shard_->Apply(config);
  server_->SetLimits(config.http.limits);
  server_->SetAccessLog(config.http.access_log);
}

Controller::~Controller() { Stop(Milliseconds(0)); }

void Controller::Stop(Milliseconds grace) {
  if (server_) server_->Stop(grace);
}

}  // namespace bellwether::app
