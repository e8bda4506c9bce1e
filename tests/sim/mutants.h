// Planted faults: what the simulator must catch. Each changes what a correct product says or hears
// at the transport, the clock, or its user's side; the product itself is untouched.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "etcd/transport.h"
#include "loop/scheduler.h"

namespace bellwether::sim {

enum class Mutant {
  kNone,
  // a lease counted from when the answer came, not from when the keepalive left
  kDeadlineFromReceive,
  kAnswerToTheNewest,     // a keepalive's answer taken for one to the newest keepalive of its lease
  kOldStreamsAnswer,      // answers of a keepalive stream that was left counted on the next one
  kUnguardedDelete,       // a place deleted by its name alone
  kUnguardedRead,         // nobody ahead, without asking whether the own key still exists
  kNoOwnWatch,            // the own key is not watched
  kWatchFromNow,          // watches that begin now, not after the read before them
  kSplitRevision,         // the events of one revision told in two halves
  kResignOnBrokenStream,  // a place given up because a stream broke
  kWriteWhileIdle,        // a value written again and again
  kOldToken,              // the token of the first leadership shown again in later ones
  kRaftEntryWhileIdle,    // a write tried again and again that never comes to anything
  kKeepsLeasesOfTheDead,  // leases of crashed processes kept alive by somebody
  kNoProofOfLife,         // a watch stream taken for alive as long as its connection is
  kStaleProbe,            // a probe that any member answers, also one without a quorum
  kBlindToRestore,        // answers of another history taken for those of the one that was known
};

// A clock that is behind by as long as the newest renewal of the lease was under way: what was sent
// seems to be sent when it was answered.
class LateClock final : public Scheduler {
 public:
  explicit LateClock(Scheduler& inner) : inner_(inner) {}
  void SetLag(Nanoseconds lag) { lag_ = lag; }
  MonotonicTime Now() const override { return inner_.Now() - lag_; }
  void Post(Task task) override { inner_.Post(std::move(task)); }
  TimerId At(MonotonicTime when, Task task) override {
    return inner_.At(when + lag_, std::move(task));
  }
  void Cancel(TimerId timer) override { inner_.Cancel(timer); }

 private:
  Scheduler& inner_;
  Nanoseconds lag_{0};
};

class MutantTransport final : public etcd::Transport {
 public:
  struct Hooks {
    std::function<void(Nanoseconds)> renewed;  // how long a grant or keepalive and its answer took
    std::function<void()> stream_broken;
  };
  // Both outlive it.
  MutantTransport(Mutant mutant, etcd::Transport& inner, Scheduler& scheduler, Hooks hooks);
  ~MutantTransport() override;

  size_t endpoint_count() const override { return inner_.endpoint_count(); }
  const std::string& endpoint_name(size_t endpoint) const override {
    return inner_.endpoint_name(endpoint);
  }
  void Unary(const std::string& method, std::string request, const etcd::RpcOptions& options,
             UnaryDone done) override;
  std::unique_ptr<etcd::Stream> Open(const std::string& method, const etcd::RpcOptions& options,
                                     etcd::StreamSink* sink) override;

 private:
  class MutantStream;
  class Handle;

  std::string ChangeTxn(std::string request) const;
  std::string ChangeWatch(std::string request) const;
  std::string ChangeRange(std::string request) const;
  // Every answer begins with a header; what else is in it stays.
  std::string ChangeAnswer(std::string answer);

  const Mutant mutant_;
  etcd::Transport& inner_;
  Scheduler& scheduler_;
  const Hooks hooks_;
  std::set<std::string> own_leases_;  // in hex, as in keys
  uint64_t first_cluster_ = 0;
  int64_t newest_revision_ = 0;
  std::vector<std::unique_ptr<MutantStream>> left_;  // streams that tell although they were left
};

}  // namespace bellwether::sim
