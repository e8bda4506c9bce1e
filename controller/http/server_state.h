// What all connections of a server share.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/time.h"
#include "http/access_log.h"
#include "http/calls.h"
#include "http/handshakes.h"
#include "http/limits.h"
#include "http/own_calls.h"
#include "http/router.h"
#include "http/sources.h"
#include "http/tls_keys.h"

namespace bellwether::http {

class WatchDesk;

// A connection of a client, whatever it is used for. Any thread.
class Session {
 public:
  virtual ~Session() = default;
  // Ends after the answer under way; at once when there is none.
  virtual void Drain() = 0;
  virtual void Close() = 0;
};

// The open ones. Any thread.
class Sessions {
 public:
  void Add(const std::shared_ptr<Session>& session);
  void Remove(const Session* session);
  size_t size() const;
  std::vector<std::shared_ptr<Session>> All() const;
  // Whether none was left before the time was over.
  bool WaitUntilNone(Milliseconds timeout) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable none_;
  std::unordered_map<const Session*, std::weak_ptr<Session>> open_;
};

// One of the watchers that Limits::watchers allows, while it lives.
class WatcherSlot {
 public:
  WatcherSlot() = default;
  // Empty when there are as many already.
  WatcherSlot(std::atomic<size_t>& open, size_t limit) : open_(&open) {
    if (open.fetch_add(1) < limit) return;
    open.fetch_sub(1);
    open_ = nullptr;
  }
  WatcherSlot(WatcherSlot&& other) noexcept : open_(std::exchange(other.open_, nullptr)) {}
  WatcherSlot& operator=(WatcherSlot&& other) noexcept {
    std::swap(open_, other.open_);
    return *this;
  }
  ~WatcherSlot() {
    if (open_ != nullptr) open_->fetch_sub(1);
  }
  explicit operator bool() const { return open_ != nullptr; }

 private:
  std::atomic<size_t>* open_ = nullptr;
};

// Lets late answers from foreign threads reach the server while it lives. Outlives it, in their
// hands.
class Gate {
 public:
  template <typename F>
  void Pass(F run) {
    const std::lock_guard lock(mutex_);
    if (open_) run();
  }
  void Shut() {
    const std::lock_guard lock(mutex_);
    open_ = false;
  }

 private:
  std::mutex mutex_;
  bool open_ = true;
};

struct ServerState {
  ServerState(const Limits& given_limits, std::unique_ptr<TlsKeys> given_tls, Sources given_sources)
      : tls(std::move(given_tls)),
        sources(std::move(given_sources)),
        router(sources.own != nullptr
                   ? OwnCalls(sources)
                   : AllCalls(sources, [this] { return limits()->linearizable_reads; })),
        limits_(std::make_shared<const Limits>(given_limits)) {}

  // Those that count now; a connection keeps the ones that it began with.
  std::shared_ptr<const Limits> limits() const {
    const std::lock_guard lock(limits_mutex_);
    return limits_;
  }
  void SetLimits(const Limits& limits) {
    auto made = std::make_shared<const Limits>(limits);
    const std::lock_guard lock(limits_mutex_);
    limits_ = std::move(made);
  }

  const std::unique_ptr<TlsKeys> tls;  // null = plain HTTP
  const Sources sources;
  const Router router;
  const std::shared_ptr<Gate> gate = std::make_shared<Gate>();

  WatchDesk* desk = nullptr;  // while the server's threads run

  Sessions sessions;
  Handshakes handshakes;
  std::atomic<AccessLog> access_log{AccessLog::kNone};
  std::atomic<bool> draining{false};
  std::atomic<size_t> bytes_under_way{0};  // of large answers

  std::array<std::atomic<uint64_t>, 6> answers{};
  std::atomic<uint64_t> accepted{0};
  std::atomic<uint64_t> refused{0};
  std::atomic<uint64_t> timed_out{0};
  std::atomic<uint64_t> accept_failures{0};
  std::atomic<size_t> watchers{0};  // now
  std::atomic<uint64_t> watchers_refused{0};
  std::atomic<uint64_t> watchers_cut{0};
  std::atomic<uint64_t> events_sent{0};

 private:
  mutable std::mutex limits_mutex_;
  std::shared_ptr<const Limits> limits_;
};

}  // namespace bellwether::http
