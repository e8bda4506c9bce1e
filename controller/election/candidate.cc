// Translates between Contender and etcd::Client: answers become inputs, commands become calls. It
// decides nothing.
#include "election/candidate.h"

#include <deque>
#include <utility>
#include <vector>

#include "base/random.h"
#include "election/contender.h"

namespace bellwether::election {
namespace {

// Short enough to be asked again within a lease, on another endpoint if need be.
etcd::CallOptions CallsFor(Milliseconds ttl) {
  return {.timeout = std::min(Milliseconds(5000), std::max(Milliseconds(1000), ttl / 3))};
}

uint64_t SeedOr(uint64_t seed) { return seed != 0 ? seed : Random::FromEntropy().Next(); }

}  // namespace

class Candidate::Impl {
 public:
  Impl(Scheduler& scheduler, etcd::Client& client, CandidateOptions options,
       CandidateHandler* handler)
      : scheduler_(scheduler),
        client_(client),
        handler_(handler),
        calls_(CallsFor(options.ttl)),
        contender_({.prefix = std::move(options.prefix),
                    .value = std::move(options.value),
                    .ttl = options.ttl,
                    .seed = SeedOr(options.seed)}),
        own_watch_(*this, Watched::kOwn),
        ahead_watch_(*this, Watched::kAhead),
        lease_(*this),
        timer_(scheduler) {}

  void Campaign() { FeedFromCaller(CampaignAsked{}); }

  void Proclaim(std::string value, etcd::Callback<Unit> done) {
    proclaims_.emplace(++last_proclaim_, std::move(done));
    FeedFromCaller(ProclaimAsked{last_proclaim_, std::move(value)});
  }

  void Resign(Milliseconds timeout, etcd::Callback<Unit> done) {
    resigns_.push_back(std::move(done));
    FeedFromCaller(ResignAsked{scheduler_.Now() + timeout});
  }

  std::optional<Leadership> Current(MonotonicTime now) const { return contender_.Current(now); }

 private:
  class WatchEar final : public etcd::WatchHandler {
   public:
    WatchEar(Impl& impl, Watched watched) : impl_(impl), watched_(watched) {}
    void OnWatchEvents(const etcd::WatchBatch& batch) override {
      impl_.Feed(WatchTold{watched_, batch});
    }
    void OnWatchProgress(const etcd::Header& header) override {
      impl_.Feed(WatchAlive{watched_, header});
    }
    void OnWatchInterrupted(const Error&) override { impl_.Feed(WatchCut{watched_}); }
    void OnWatchLost(const Error& why) override { impl_.Feed(WatchEnded{watched_, why}); }
    std::unique_ptr<etcd::Watch> watch;

   private:
    Impl& impl_;
    const Watched watched_;
  };

  class LeaseEar final : public etcd::LeaseHandler {
   public:
    explicit LeaseEar(Impl& impl) : impl_(impl) {}
    void OnLeaseRenewed(MonotonicTime sent_at, Milliseconds ttl) override {
      impl_.Feed(Renewed{id, sent_at, ttl});
    }
    void OnLeaseGone() override { impl_.Feed(LeaseGone{id}); }
    LeaseId id;
    std::unique_ptr<etcd::KeptLease> kept;

   private:
    Impl& impl_;
  };

  // What the handler is told never arrives inside a call of its own to the candidate: it is posted
  // then.
  void FeedFromCaller(Input input) {
    Step(input);
    if (!tells_.empty()) scheduler_.Post(scope_.Bind([this] { Tell(); }));
  }
  void Feed(Input input) {
    Step(input);
    Tell();
  }

  void Step(const Input& input) {
    for (Command& command : contender_.Step(scheduler_.Now(), input)) {
      std::visit([this](auto& c) { Run(c); }, command);
    }
    if (const auto next = contender_.next_deadline()) {
      timer_.Set(*next, [this] { Feed(Tick{}); });
    } else {
      timer_.Cancel();
    }
  }

  template <typename Answer, typename Value>
  etcd::Callback<Value> AnswerTo(uint64_t call) {
    return scope_.Bind([this, call](Result<Value> result) {
      Feed(Answer{call, std::move(result)});
    });
  }

  void Run(SendGrant& c) {
    client_.LeaseGrant(c.ttl, c.lease, calls_,
                       AnswerTo<GrantAnswered, etcd::LeaseGrantResponse>(c.call));
  }
  void Run(SendRevoke& c) {
    client_.LeaseRevoke(c.lease, calls_,
                        AnswerTo<RevokeAnswered, etcd::LeaseRevokeResponse>(c.call));
  }
  void Run(SendTxn& c) {
    client_.Txn(std::move(c.request), calls_, AnswerTo<TxnAnswered, etcd::TxnResponse>(c.call));
  }
  void Run(SendRange& c) {
    client_.Range(std::move(c.request), calls_,
                  AnswerTo<RangeAnswered, etcd::RangeResponse>(c.call));
  }
  void Run(KeepLease& c) {
    lease_.kept.reset();
    lease_.id = c.lease;
    lease_.kept = client_.KeepAlive(c.lease, c.ttl, &lease_);
  }
  void Run(DropLease&) { lease_.kept.reset(); }
  void Run(OpenWatch& c) {
    WatchEar& ear = EarOf(c.watched);
    ear.watch.reset();
    ear.watch = client_.Watch({.key = std::move(c.key), .from = c.from, .critical = true}, &ear);
  }
  void Run(CloseWatch& c) { EarOf(c.watched).watch.reset(); }
  template <typename News>
  void Run(News& news) {
    tells_.emplace_back(std::move(news));
  }

  // The handler may call the candidate, or destroy it.
  void Tell() {
    const std::weak_ptr<const char> alive = alive_;
    while (!alive.expired() && !tells_.empty()) {
      const Command news = std::move(tells_.front());
      tells_.pop_front();
      std::visit([this](const auto& n) { TellOne(n); }, news);
    }
  }
  void TellOne(const Queued& n) { handler_->OnQueued(n.place); }
  void TellOne(const Elected& n) { handler_->OnElected(n.leadership); }
  void TellOne(const Extended& n) { handler_->OnExtended(n.valid_until); }
  void TellOne(const Lost& n) { handler_->OnLost(n.why); }
  void TellOne(const PlaceLost& n) { handler_->OnPlaceLost(n.why); }
  void TellOne(const Trouble& n) { handler_->OnCandidateTrouble(n.error); }
  void TellOne(const Resigned& n) {
    // Each may destroy the candidate.
    const auto resigns = std::exchange(resigns_, {});
    for (const auto& done : resigns) done(n.status);
  }
  void TellOne(const Proclaimed& n) {
    const auto asked = proclaims_.extract(n.id);
    asked.mapped()(n.status);
  }
  template <typename Action>
  void TellOne(const Action&) {}  // of commands only news are kept

  WatchEar& EarOf(Watched watched) { return watched == Watched::kOwn ? own_watch_ : ahead_watch_; }

  Scheduler& scheduler_;
  etcd::Client& client_;
  CandidateHandler* const handler_;
  const etcd::CallOptions calls_;

  Contender contender_;
  WatchEar own_watch_;
  WatchEar ahead_watch_;
  LeaseEar lease_;
  Timer timer_;
  std::deque<Command> tells_;
  std::vector<etcd::Callback<Unit>> resigns_;
  std::map<uint64_t, etcd::Callback<Unit>> proclaims_;
  uint64_t last_proclaim_ = 0;
  std::shared_ptr<const char> alive_ = std::make_shared<const char>();
  Scope scope_;
};

Candidate::Candidate(Scheduler& scheduler, etcd::Client& client, CandidateOptions options,
                     CandidateHandler* handler)
    : impl_(std::make_unique<Impl>(scheduler, client, std::move(options), handler)) {}
Candidate::~Candidate() = default;

void Candidate::Campaign() { impl_->Campaign(); }
void Candidate::Proclaim(std::string value, etcd::Callback<Unit> done) {
  impl_->Proclaim(std::move(value), std::move(done));
}
void Candidate::Resign(Milliseconds timeout, etcd::Callback<Unit> done) {
  impl_->Resign(timeout, std::move(done));
}
std::optional<Leadership> Candidate::Current(MonotonicTime now) const {
  return impl_->Current(now);
}

}  // namespace bellwether::election
