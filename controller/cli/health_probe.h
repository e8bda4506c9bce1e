// Asks the application whether it is well: one bounded HTTP request, or a TCP connection.
//
// Owner:   destroying it ends what is under way; its answer is not told then.
// Thread:  shard thread; the sockets have one of their own, which never waits for anything else.
// Bounds:  `timeout` from the start to the answer; of an HTTP answer the head alone is read, at
// most
//          8 KiB of it.
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "cli/health_target.h"
#include "loop/scheduler.h"

namespace bellwether::cli {

class HealthProbe {
 public:
  // Ok: it accepted the connection, and for HTTP answered with 2xx or 3xx. The error is one line,
  // for people. Runs on the shard, not inside Ask.
  using Told = std::function<void(const Status&)>;

  // kInternal when there can be no thread.
  static Result<std::unique_ptr<HealthProbe>> Make(Scheduler& scheduler, HealthTarget target,
                                                   Milliseconds timeout);
  ~HealthProbe();
  HealthProbe(const HealthProbe&) = delete;
  HealthProbe& operator=(const HealthProbe&) = delete;

  // Instead of what was asked before and is not answered yet.
  void Ask(Told told);
  // Tells no more of what was asked.
  void Forget();

 private:
  class Impl;
  explicit HealthProbe(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bellwether::cli
