// The controller: one shard that observes, an HTTP server that publishes what the shard knows.
//
// Thread: one, not of its own.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "app/config.h"
#include "app/config_status.h"
#include "app/shard.h"
#include "http/server.h"
#include "metrics/exporter.h"

namespace bellwether::app {

class Controller {
 public:
  // Serves when it returns, whether or not etcd answers yet. kInvalid: a file or address of the
  // configuration cannot be used; kUnavailable: the address cannot be listened on.
  // `status` outlives it and goes to the metrics.
  static Result<std::unique_ptr<Controller>> Start(const Config& config,
                                                   const ConfigStatus& status);
  ~Controller();  // as Stop(0)
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  std::string address() const { return server_->address(); }
  // Takes over what applies without a restart (x-reload in the schema); no connection, watch or
  // view notices.
  void Apply(const Config& config);
  // Looks whether files have changed that are in use: to be called every second or so.
  void RefreshFiles() { server_->RefreshTls(); }
  // Accepts nothing more, finishes what is under way within `grace`, ends.
  void Stop(Milliseconds grace);

 private:
  Controller(std::unique_ptr<Shard> shard, const Config& config, const ConfigStatus& status);

  // In the order of wiring; they end in the reverse.
  std::unique_ptr<Shard> shard_;
  metrics::Exporter exporter_;
  std::atomic<const http::Server*> serving_{nullptr};  // null until it has started
  std::unique_ptr<http::Server> server_;
};

}  // namespace bellwether::app
