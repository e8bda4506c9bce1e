#include "http/server.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "http/connection.h"
#include "http/listener.h"
#include "http/server_state.h"
#include "http/watch_desk.h"

namespace bellwether::http {
namespace {

// For connections to notice that they were closed.
constexpr Milliseconds kCloseWait{2000};

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerOptions& options, std::unique_ptr<TlsKeys> tls, Sources sources)
      : state_(options.limits, std::move(tls), std::move(sources)),
        io_(std::max(options.threads, 1)),
        desk_(std::make_unique<WatchDesk>(io_, state_.sources.views)),
        listener_(std::make_shared<Listener>(io_, state_)) {
    state_.desk = desk_.get();
    state_.access_log = options.access_log;
  }

  ~Impl() { Stop(Milliseconds(0)); }

  Status Start(const ListenAddress& address, int threads) {
    auto opened = listener_->Open(address);
    if (!opened) return opened.error();
    address_ = *std::move(opened);
    listener_->Start();
    for (int i = 0; i < std::max(threads, 1); ++i) threads_.emplace_back([this] { Run(); });
    return Ok();
  }

  void Stop(Milliseconds grace) {
    if (threads_.empty()) return;
    listener_->Close();
    state_.draining = true;
    for (const auto& session : state_.sessions.All()) session->Drain();
    if (!state_.sessions.WaitUntilNone(grace)) {
      for (const auto& session : state_.sessions.All()) session->Close();
      state_.sessions.WaitUntilNone(kCloseWait);
    }
    state_.gate->Shut();
    work_.reset();
    io_.stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  const ListenAddress& address() const { return address_; }

  Counters counters() const {
    Counters counters{.connections_open = state_.sessions.size(),
                      .connections_accepted = state_.accepted,
                      .connections_refused = state_.refused,
                      .connections_timed_out = state_.timed_out,
                      .accept_failures = state_.accept_failures,
                      .watchers_open = state_.watchers,
                      .watchers_refused = state_.watchers_refused,
                      .watchers_cut = state_.watchers_cut,
                      .events_sent = state_.events_sent};
    if (state_.tls) {
      counters.tls = state_.tls->counters();
      counters.tls->handshake_failures = state_.handshakes.failures();
    }
    std::copy(state_.answers.begin(), state_.answers.end(), counters.answers.begin());
    return counters;
  }

  void SetAccessLog(AccessLog wanted) { state_.access_log = wanted; }
  void SetLimits(const Limits& limits) { state_.SetLimits(limits); }

  void RefreshTls() {
    if (state_.tls) state_.tls->Refresh();
  }

 private:
  void Run() {
    while (!io_.stopped()) {
      try {
        io_.run();
      } catch (const std::exception& e) {
        // Out of memory, most likely. The connection whose turn it was is gone with its handler;
        // the others go on.
        log::Error("an HTTP connection failed", {{"error", e.what()}});
      }
    }
  }

  // Connections are destroyed with io_ at the latest, and tell state_ then.
  ServerState state_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  std::unique_ptr<WatchDesk> desk_;
  std::shared_ptr<Listener> listener_;
  ListenAddress address_;
  std::vector<std::thread> threads_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, Sources sources) {
  const auto address = ParseListenAddress(options.listen);
  if (!address) return address.error();
  std::unique_ptr<TlsKeys> tls;
  if (!options.tls.cert.empty()) {
    auto loaded = TlsKeys::Load(options.tls);
    if (!loaded) return loaded.error();
    tls = *std::move(loaded);
  }
  auto impl = std::make_unique<Impl>(options, std::move(tls), std::move(sources));
  if (auto started = impl->Start(*address, options.threads); !started) return started.error();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

uint16_t Server::port() const { return impl_->address().port; }
std::string Server::address() const { return impl_->address().str(); }
Counters Server::counters() const { return impl_->counters(); }
void Server::SetAccessLog(AccessLog wanted) { impl_->SetAccessLog(wanted); }
void Server::SetLimits(const Limits& limits) { impl_->SetLimits(limits); }
void Server::RefreshTls() { impl_->RefreshTls(); }
void Server::Stop(Milliseconds grace) { impl_->Stop(grace); }

}  // namespace bellwether::http
