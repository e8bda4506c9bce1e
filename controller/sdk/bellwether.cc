#include "sdk/bellwether.h"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include "base/check.h"
#include "election/candidate.h"
#include "election/fence.h"
#include "election/name.h"
#include "election/value.h"
#include "etcd/connection.h"
#include "loop/event_loop.h"

namespace bellwether {
namespace {

Result<std::string> PrefixFor(const ElectorOptions& options) {
  if (options.election.empty() == options.prefix.empty()) {
    return Error{.code = Code::kInvalid, .message = "name an election or a prefix, one of them"};
  }
  std::string prefix = options.prefix;
  if (prefix.empty()) {
    const auto name = election::ParseElectionName(options.election);
    if (!name.ok()) return name.error();
    prefix = election::PrefixOf(options.root, *name);
  }
  if (const Status ok = election::CheckPrefix(prefix); !ok.ok()) return ok.error();
  return prefix;
}

Error FromCallback(const char* method) {
  return {.code = Code::kInvalid,
          .message = std::string(method) +
                     " was called from a callback, where it would wait for "
                     "itself; call it from another thread"};
}

}  // namespace

class Elector::Impl final : public election::CandidateHandler {
 public:
  explicit Impl(ElectorOptions options) : options_(std::move(options)) {}

  Status Start() {
    const auto prefix = PrefixFor(options_);
    if (!prefix.ok()) return prefix.error();
    if (options_.id.empty()) return Error{.code = Code::kInvalid, .message = "the id is empty"};
    const Milliseconds endpoint_timeout = election::DefaultEndpointTimeout(options_.ttl);
    const Status ttl = election::CheckTtl(options_.ttl, election::DefaultStopGrace(options_.ttl),
                                          endpoint_timeout);
    if (!ttl.ok()) return ttl.error();
    const auto endpoints = etcd::ParseEndpoints(options_.endpoints);
    if (!endpoints.ok()) return endpoints.error();
    auto connected =
        etcd::Connect(loop_, {.endpoints = *endpoints,
                              .tls = {options_.ca_file, options_.cert_file, options_.key_file},
                              .username = options_.username,
                              .password_file = options_.password_file,
                              .endpoint_timeout = endpoint_timeout});
    if (!connected.ok()) return connected.error();
    etcd_ = *std::move(connected);
    candidate_ = std::make_unique<election::Candidate>(
        loop_, *etcd_.client,
        election::CandidateOptions{
            .prefix = *prefix, .value = Encoded(options_.value), .ttl = options_.ttl},
        this);
    thread_ = std::thread([this] { loop_.Run(); });
    return Ok();
  }

  ~Impl() override {
    if (!thread_.joinable()) return;
    BW_CHECK(!OnOwnThread() && "an Elector was destroyed inside one of its own callbacks");
    loop_.Post([this] {
      candidate_.reset();
      etcd_ = {};
    });
    loop_.Stop();
    thread_.join();
  }

  void Campaign() {
    loop_.Post([this] { candidate_->Campaign(); });
  }

  std::optional<Leadership> WaitUntilElected(Milliseconds timeout) {
    const MonotonicTime deadline = BootClock::now() + timeout;
    std::unique_lock lock(mutex_);
    while (!CurrentLocked() && BootClock::now() < deadline && !OnOwnThread()) {
      changed_.wait_for(lock, deadline - BootClock::now());
    }
    return CurrentLocked();
  }

  bool WaitUntilLost(Milliseconds timeout) {
    const MonotonicTime deadline = BootClock::now() + timeout;
    std::unique_lock lock(mutex_);
    while (const auto current = CurrentLocked()) {
      const MonotonicTime now = BootClock::now();
      if (now >= deadline || OnOwnThread()) return false;
      // The leadership ends at its deadline even when no event comes.
      changed_.wait_for(lock, std::min(deadline, current->valid_until) - now);
    }
    return true;
  }

  std::optional<Leadership> Current() const {
    const std::lock_guard lock(mutex_);
    return CurrentLocked();
  }

  Result<Unit> Proclaim(std::string value) {
    if (OnOwnThread()) return FromCallback("Proclaim");
    return Ask([this, &value](auto done) { candidate_->Proclaim(Encoded(value), done); });
  }

  Result<Unit> Resign(Milliseconds timeout) {
    if (OnOwnThread()) return FromCallback("Resign");
    return Ask([this, timeout](auto done) {
      candidate_->Resign(timeout, done);
      SetLeadership(std::nullopt);
    });
  }

 private:
  void OnQueued(const election::Place&) override {}
  void OnElected(const Leadership& leadership) override {
    SetLeadership(leadership);
    if (options_.on_elected) options_.on_elected(leadership);
  }
  void OnExtended(MonotonicTime valid_until) override {
    const std::lock_guard lock(mutex_);
    if (leadership_) leadership_->valid_until = valid_until;
  }
  void OnLost(const std::string& why) override {
    SetLeadership(std::nullopt);
    if (options_.on_lost) options_.on_lost(why);
  }
  void OnPlaceLost(const std::string&) override {}
  void OnCandidateTrouble(const Error& error) override {
    if (options_.on_trouble) options_.on_trouble(error);
  }

  std::string Encoded(const std::string& value) const {
    return election::EncodeValue({.id = options_.id, .address = options_.address, .value = value});
  }

  bool OnOwnThread() const { return std::this_thread::get_id() == thread_.get_id(); }

  template <typename F>
  Result<Unit> Ask(F start) {
    auto promise = std::make_shared<std::promise<Result<Unit>>>();
    auto future = promise->get_future();
    loop_.Post([start, promise]() mutable {
      start([promise](Result<Unit> result) { promise->set_value(std::move(result)); });
    });
    return future.get();
  }

  void SetLeadership(std::optional<Leadership> leadership) {
    {
      const std::lock_guard lock(mutex_);
      leadership_ = std::move(leadership);
    }
    changed_.notify_all();
  }

  std::optional<Leadership> CurrentLocked() const {
    if (!leadership_ || BootClock::now() >= leadership_->valid_until) return std::nullopt;
    return leadership_;
  }

  const ElectorOptions options_;
  EventLoop loop_;
  // Both belong to the loop's thread once it runs.
  etcd::Connection etcd_;
  std::unique_ptr<election::Candidate> candidate_;
  std::thread thread_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::optional<Leadership> leadership_;
};

Elector::Elector(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Elector::~Elector() = default;

Result<std::unique_ptr<Elector>> Elector::Start(ElectorOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (const Status started = impl->Start(); !started.ok()) return started.error();
  return std::unique_ptr<Elector>(new Elector(std::move(impl)));
}

void Elector::Campaign() { impl_->Campaign(); }
std::optional<Leadership> Elector::WaitUntilElected(Milliseconds timeout) {
  return impl_->WaitUntilElected(timeout);
}
bool Elector::WaitUntilLost(Milliseconds timeout) { return impl_->WaitUntilLost(timeout); }
std::optional<Leadership> Elector::Current() const { return impl_->Current(); }
Result<Unit> Elector::Proclaim(std::string value) { return impl_->Proclaim(std::move(value)); }
Result<Unit> Elector::Resign(Milliseconds timeout) { return impl_->Resign(timeout); }

}  // namespace bellwether
