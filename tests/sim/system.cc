#include "sim/system.h"

#include <utility>

#include "base/log.h"
#include "election/fence.h"

namespace bellwether::sim {
namespace {

using namespace std::chrono_literals;

SimEtcdOptions EtcdOptions(Random& random) {
  SimEtcdOptions options;
  options.members = random.OneIn(3) ? 1 : 3;
  options.fragment_events = random.OneIn(2) ? 1 + random.Below(3) : 0;
  options.nospace_refuses_every_txn = random.OneIn(4);
  if (random.OneIn(4)) {
    options.username = "bellwether";
    options.password = "secret";
  }
  return options;
}

}  // namespace

System::System(uint64_t seed, Mutant mutant)
    : mutant_(mutant),
      world_(seed),
      wall_clock_(world_),
      etcd_(std::make_unique<SimEtcd>(world_, EtcdOptions(world_.random()))),
      checker_(world_, *etcd_, AllElections()),
      foreigners_(world_, *etcd_, checker_),
      ttl_(5000 + 1000 * static_cast<int64_t>(world_.random().Below(4))),
      patient_(world_.random().OneIn(2)),
      events_get_lost_(world_.random().OneIn(6)),
      events_repeat_(world_.random().OneIn(3)),
      enabled_(world_.random().Next() | world_.random().Next()) {
  log::Configure(log::Level::kOff, log::Format::kText);
  etcd_->OnMemberDown([this](size_t member) {
    for (Process& process : processes_) {
      if (process.up()) process.transport->BreakConnections(member);
    }
  });
  if (events_get_lost_) checker_.TolerateLostEvents();
  if (events_repeat_) etcd_->RepeatEvents(5);
  const size_t elections = checker_.elections().size();
  const size_t candidates = elections + world_.random().Below(4);
  for (size_t p = 0; p < candidates + 1; ++p) {
    Process process;
    process.clock = {.origin = world_.Between(0h, 1000h),
                     .rate_ppm = static_cast<int64_t>(world_.random().Below(20001)) - 10000};
    const bool observes = p == candidates;
    // The late clock of a process is that of one lease.
    if (!observes && mutant_ == Mutant::kDeadlineFromReceive) process.elections = {0};
    if (!observes && mutant_ != Mutant::kDeadlineFromReceive) {
      process.elections = {p % elections, (p + 1) % elections};
    }
    processes_.push_back(std::move(process));
  }
  for (Process& process : processes_) Start(process);
}

System::~System() {
  for (Process& process : processes_) Crash(process, false);
}

void System::Start(Process& process) {
  process.client_number = ++last_client_;
  process.scheduler = std::make_unique<SimScheduler>(world_, process.clock);
  SimScheduler& scheduler = *process.scheduler;
  process.transport =
      std::make_unique<SimTransport>(world_, scheduler, *etcd_, process.client_number);
  etcd::Transport* transport = process.transport.get();
  Scheduler* candidates_clock = &scheduler;
  if (mutant_ != Mutant::kNone) {
    process.late_clock = std::make_unique<LateClock>(scheduler);
    Process* const p = &process;
    process.mutant = std::make_unique<MutantTransport>(
        mutant_, *process.transport, scheduler,
        MutantTransport::Hooks{.renewed =
                                   [this, p](Nanoseconds took) {
                                     if (mutant_ == Mutant::kDeadlineFromReceive)
                                       p->late_clock->SetLag(took);
                                   },
                               .stream_broken =
                                   [this, p] {
                                     if (mutant_ != Mutant::kResignOnBrokenStream) return;
                                     for (const auto& contestant : p->contestants) {
                                       if (contestant->campaigning()) contestant->ResignAndReturn();
                                     }
                                   }});
    transport = process.mutant.get();
    candidates_clock = process.late_clock.get();
  }
  etcd::ClientOptions options{.seed = world_.random().Next() | 1};
  if (!patient_) options.endpoint_timeout = election::DefaultEndpointTimeout(ttl_);
  options.credentials = {.username = "bellwether", .read_password = [] { return "secret"; }};
  process.client = std::make_unique<etcd::Client>(scheduler, *transport, std::move(options));
  if (process.elections.empty()) {
    checker_.ForgetViews();
    process.views = std::make_unique<election::ViewStore>();
    const Election& explicit_prefix = checker_.elections().back();
    process.observer = std::make_unique<election::Observer>(
        scheduler, *process.client,
        election::ObserverOptions{
            .root = kRoot,
            .prefixes = {{{explicit_prefix.ns, explicit_prefix.name}, explicit_prefix.prefix}},
            .reread_within = Milliseconds(60000),
            .seed = world_.random().Next() | 1},
        *process.views);
    process.observer->Start();
    return;
  }
  for (const size_t election : process.elections) {
    process.contestants.push_back(std::make_unique<Contestant>(
        world_, checker_, *candidates_clock, *process.client,
        Contestant::Options{.client = process.client_number,
                            .election = election,
                            .ttl = ttl_,
                            .keeps_first_token = mutant_ == Mutant::kOldToken}));
    process.contestants.back()->Campaign();
  }
  if (mutant_ == Mutant::kWriteWhileIdle || mutant_ == Mutant::kRaftEntryWhileIdle) {
    WriteNowAndThen(process);
  }
}

void System::WriteNowAndThen(Process& process) {
  process.scheduler->At(process.scheduler->Now() + 3s, [this, &process] {
    if (mutant_ == Mutant::kWriteWhileIdle) {
      process.contestants.front()->Proclaim();
    } else {
      // A write whose condition never holds: a raft entry without a revision.
      process.client->Txn({.compares = {{.key = "/never", .equals = 1}},
                           .success = {etcd::PutRequest{.key = "/never"}}},
                          {}, [](const Result<etcd::TxnResponse>&) {});
    }
    WriteNowAndThen(process);
  });
}

void System::KeepLeasesOf(const Process& process) {
  for (size_t e = 0; e < checker_.elections().size(); ++e) {
    for (const auto& place : checker_.PlacesIn(e)) {
      if (place.client == process.client_number) leases_of_the_dead_.push_back(place.lease);
    }
  }
  if (!leases_of_the_dead_.empty() && !std::exchange(keeps_leases_, true)) KeepLeasesNowAndThen();
}

void System::KeepLeasesNowAndThen() {
  for (const int64_t lease : leases_of_the_dead_) (void)etcd_->ForeignKeepAlive(lease);
  world_.After(1s, [this] { KeepLeasesNowAndThen(); });
}

void System::Crash(Process& process, bool work_goes_on) {
  if (!process.up()) return;
  if (mutant_ == Mutant::kKeepsLeasesOfTheDead) KeepLeasesOf(process);
  for (const auto& contestant : process.contestants) {
    const auto token = contestant->Acting();
    if (work_goes_on && token && contestant->working()) {
      ghosts_.push_back({contestant->client(), contestant->election(), *token,
                         process.scheduler->TrueAt(contestant->acts_until())});
    }
  }
  process.contestants.clear();
  process.observer.reset();
  process.views.reset();
  process.client.reset();
  process.mutant.reset();
  process.late_clock.reset();
  process.transport.reset();
  process.scheduler->Kill();
  process.scheduler.reset();
}

void System::AfterStep() {
  for (const Process& process : processes_) {
    for (const auto& contestant : process.contestants) {
      if (const auto token = contestant->Acting()) {
        checker_.Acts(contestant->client(), contestant->election(), *token);
      }
    }
  }
  std::erase_if(ghosts_, [this](const Ghost& g) { return world_.now() >= g.until; });
  for (const Ghost& ghost : ghosts_) checker_.Acts(ghost.client, ghost.election, ghost.token);
  if (observer().up()) checker_.CheckViews(*observer().views, observer().scheduler->Now());
  if (wall_clock_.boot_reads() > 0) {
    checker_.Fail("something asked the machine for the time instead of its Scheduler");
  }
}

bool System::StepUntil(Time end, const std::function<bool()>& done) {
  bool is_done = false;
  const uint64_t before = world_.steps();
  uint64_t seen = before;
  world_.RunUntil(end, [&] {
    if (world_.steps() != seen) {
      seen = world_.steps();
      AfterStep();
    }
    is_done = done();
    return is_done || checker_.violation().has_value();
  });
  return is_done && !checker_.violation();
}

void System::Run(uint64_t steps) {
  while (world_.steps() < steps && !violation()) {
    Storm();
    if (!violation()) Calm();
    if (!violation()) StayIdle();
    for (int i = 0; i < 3 && !violation(); ++i) SingleEvent();
  }
}

System::Process* System::AnyProcess() {
  return &processes_[world_.random().Below(processes_.size())];
}

Contestant* System::AnyContestant() {
  Process& process = processes_[world_.random().Below(processes_.size() - 1)];
  if (!process.up() || process.scheduler->paused() || process.contestants.empty()) return nullptr;
  return process.contestants[world_.random().Below(process.contestants.size())].get();
}

}  // namespace bellwether::sim
