// A whole simulated system: an etcd, processes with real Candidates over the real etcd::Client, a
// real Observer, foreign clients, and faults. It goes in rounds: a storm of faults; calm, in which
// everything must settle; idleness, in which nothing may be written; then single events with a
// known outcome, each with a bound on how long it takes.
//
// Everything is drawn from the seed. After each step the Checker looks; a violation ends the run.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "election/observer.h"
#include "election/view_store.h"
#include "etcd/client.h"
#include "sim/checker.h"
#include "sim/contestant.h"
#include "sim/foreigners.h"
#include "sim/mutants.h"
#include "sim/wall_clock.h"
#include "support/sim_network.h"

namespace bellwether::sim {

class System {
 public:
  explicit System(uint64_t seed, Mutant mutant = Mutant::kNone);
  ~System();
  System(const System&) = delete;
  System& operator=(const System&) = delete;

  // Whole rounds until there were at least so many steps, or a violation.
  void Run(uint64_t steps);

  const std::optional<std::string>& violation() const { return checker_.violation(); }
  uint64_t steps() const { return world_.steps(); }
  uint64_t trace() const { return world_.trace(); }
  const Checker& checker() const { return checker_; }
  Nanoseconds longest_settling() const { return longest_settling_; }
  // What was done to the system, by kind.
  const std::map<std::string, uint64_t>& faults() const { return world_.counts(); }

 private:
  struct Process {
    ClockOptions clock;
    std::vector<size_t> elections;            // that it takes part in; none = it observes
    int client_number = 0;                    // of this incarnation
    std::unique_ptr<SimScheduler> scheduler;  // null = it is down
    std::unique_ptr<SimTransport> transport;
    std::unique_ptr<LateClock> late_clock;
    std::unique_ptr<MutantTransport> mutant;
    std::unique_ptr<etcd::Client> client;
    std::vector<std::unique_ptr<Contestant>> contestants;
    std::unique_ptr<election::ViewStore> views;
    std::unique_ptr<election::Observer> observer;
    bool up() const { return scheduler != nullptr; }
  };
  // Work that goes on after its process was killed: a guardian ends it by the deadline.
  struct Ghost {
    int client;
    size_t election;
    FencingToken token;
    Time until;
  };

  void Say(const std::string& what) { world_.Say(what); }
  void Start(Process& process);
  void Crash(Process& process, bool work_goes_on);
  void WriteNowAndThen(Process& process);
  void KeepLeasesOf(const Process& process);
  void KeepLeasesNowAndThen();
  void AfterStep();
  // True when `done`; false at `end` or after a violation.
  bool StepUntil(
      Time end, const std::function<bool()>& done = [] { return false; });
  void Pass(Nanoseconds time) { StepUntil(world_.now() + time); }

  // Storm (storm.cc).
  void Storm();
  void Fault();
  void LinkFault();
  void ProcessFault();
  void MemberFault();
  void EtcdFault();
  void ForeignFault();
  void UserAction();

  // Calm (calm.cc).
  void Calm();
  bool Settled() const;
  std::string WhatIsUnsettled() const;
  void Settle(Nanoseconds bound, const std::string& after);
  void CheckPlaces();
  void StayIdle();

  // Single events (events.cc).
  void SingleEvent();
  void RestoreFromSnapshot();
  void RestartEtcd(Contestant& leader);
  void SlowEtcd();
  void LateAnswersThenSilence(const Contestant& leader, Process& process);
  // A contestant of ours that acts while another one of its election waits.
  Contestant* AnyLeader(Process** process);
  bool AnotherActs(size_t election, int than) const;
  void ExpectAnother(const Contestant& old, Nanoseconds within, const std::string& after);
  void ExpectNoChange(Nanoseconds time, const std::string& after);

  Contestant* AnyContestant();
  Process* AnyProcess();
  Process& observer() { return processes_.back(); }
  const Process& observer() const { return processes_.back(); }

  const Mutant mutant_;
  World world_;
  WallClock wall_clock_;
  std::unique_ptr<SimEtcd> etcd_;
  Checker checker_;
  Foreigners foreigners_;
  const Milliseconds ttl_;
  // the client's default time limit of an endpoint, not the one made for the TTL
  const bool patient_;
  const bool events_get_lost_;  // in storms
  const bool events_repeat_;
  bool events_were_lost_ = false;   // and nobody has read again since
  uint64_t enabled_ = 0;            // kinds of faults of this seed, a bit each
  std::vector<Process> processes_;  // the last one observes
  std::vector<Ghost> ghosts_;
  int last_client_ = 0;
  Nanoseconds longest_settling_{0};
  std::vector<int64_t> leases_of_the_dead_;  // Mutant::kKeepsLeasesOfTheDead
  bool keeps_leases_ = false;
};

}  // namespace bellwether::sim
