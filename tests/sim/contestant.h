// One candidate of a simulated process together with its user: starts work when elected, stops it
// when told or when its deadline passes, campaigns again, resigns only after the work has ended.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "election/candidate.h"
#include "loop/scheduler.h"
#include "sim/checker.h"
#include "support/sim_world.h"

namespace bellwether::sim {

class Contestant final : public election::CandidateHandler {
 public:
  struct Options {
    int client = 0;
    size_t election = 0;
    Milliseconds ttl{5000};
    bool keeps_first_token = false;  // Mutant::kOldToken
  };
  // All but options outlive it. `scheduler` is the candidate's.
  Contestant(World& world, Checker& checker, Scheduler& scheduler, etcd::Client& client,
             Options options);

  void Campaign();
  // Ends the work first. Campaigns again by itself in half of the cases.
  void Resign();
  void Proclaim();
  // As a candidate does who takes a broken stream for the end of its place
  // (Mutant::kResignOnBrokenStream).
  void ResignAndReturn();

  // The token under which it acts at this moment, by its own clock: its work runs, or it would say
  // so if asked.
  std::optional<FencingToken> Acting() const;
  // Until when work goes on that nobody stops; of somebody who is working.
  MonotonicTime acts_until() const { return work_->until; }
  bool working() const { return work_.has_value(); }

  // "client 3 in /TEST/LOCKER"
  std::string Name() const;
  bool campaigning() const { return campaigning_; }
  size_t election() const { return options_.election; }
  int client() const { return options_.client; }
  bool resign_under_way() const { return resigns_ > 0; }
  const std::optional<Error>& trouble() const { return trouble_; }

 private:
  struct Work {
    FencingToken token;
    MonotonicTime until;  // valid_until as told last
  };

  void OnQueued(const election::Place& place) override;
  void OnElected(const election::Leadership& leadership) override;
  void OnExtended(MonotonicTime valid_until) override;
  void OnLost(const std::string& why) override;
  void OnPlaceLost(const std::string& why) override;
  void OnCandidateTrouble(const Error& error) override;
  void CampaignLater(Nanoseconds least, Nanoseconds most);

  World& world_;
  Checker& checker_;
  Scheduler& scheduler_;
  const Options options_;
  bool campaigning_ = false;
  int resigns_ = 0;
  std::optional<FencingToken> first_token_;
  std::optional<Work> work_;
  std::optional<Error> trouble_;
  election::Candidate candidate_;
  Scope scope_;
};

}  // namespace bellwether::sim
