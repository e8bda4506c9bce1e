// Single events in a settled system, each with what must follow and within which time.
#include <algorithm>

#include "election/fence.h"
#include "sim/system.h"

namespace bellwether::sim {
namespace {

using namespace std::chrono_literals;

// A sign of life is asked for each 5 s and waited for 2 s at most; then a new stream.
constexpr Nanoseconds kStallIsOver = 8500ms;

}  // namespace

Contestant* System::AnyLeader(Process** process) {
  std::vector<std::pair<Process*, Contestant*>> leaders;
  for (Process& p : processes_) {
    for (const auto& contestant : p.contestants) {
      if (!contestant->working() || !contestant->Acting()) continue;
      const size_t election = contestant->election();
      const bool awaited = std::any_of(processes_.begin(), processes_.end(), [&](const Process& o) {
        return &o != &p &&
               std::any_of(o.contestants.begin(), o.contestants.end(), [&](const auto& c) {
                 return c->election() == election && c->campaigning();
               });
      });
      if (awaited) leaders.emplace_back(&p, contestant.get());
    }
  }
  if (leaders.empty()) return nullptr;
  const auto& chosen = leaders[world_.random().Below(leaders.size())];
  *process = chosen.first;
  return chosen.second;
}

bool System::AnotherActs(size_t election, int than) const {
  for (const Process& process : processes_) {
    for (const auto& contestant : process.contestants) {
      if (contestant->election() == election && contestant->client() != than &&
          contestant->Acting()) {
        return true;
      }
    }
  }
  return false;
}

void System::ExpectAnother(const Contestant& old, Nanoseconds within, const std::string& after) {
  const size_t election = old.election();
  const int than = old.client();
  const Time start = world_.now();
  if (!StepUntil(start + within, [&] { return AnotherActs(election, than); }) && !violation()) {
    return checker_.Fail("after " + after + " of client " + std::to_string(than) +
                         ", nobody leads " + checker_.elections()[election].prefix + " within " +
                         std::to_string(std::chrono::duration_cast<Milliseconds>(within).count()) +
                         " ms");
  }
  const auto took = std::chrono::duration_cast<Milliseconds>(world_.now() - start);
  Say("led again after " + std::to_string(took.count()) + " ms");
}

void System::ExpectNoChange(Nanoseconds time, const std::string& after) {
  const uint64_t elected = checker_.elected();
  std::vector<int64_t> leaders;
  for (size_t e = 0; e < checker_.elections().size(); ++e) leaders.push_back(checker_.leader(e));
  Pass(time);
  if (violation()) return;
  bool same = checker_.elected() == elected;
  for (size_t e = 0; e < leaders.size(); ++e) same &= checker_.leader(e) == leaders[e];
  if (!same) checker_.Fail("a leader changed because of " + after);
}

// Whatever was known before is void. Candidates notice by the cluster's id or by a revision that
// has gone back, join again, and what is published is marked.
void System::RestoreFromSnapshot() {
  const int64_t now = etcd_->store().revision();
  const auto back = static_cast<int64_t>(1 + world_.random().Below(20));
  const int64_t revision = std::max<int64_t>({1, etcd_->store().compacted(), now - back});
  const bool new_cluster_id = world_.random().OneIn(2);
  Say("event: restore from a snapshot of revision " + std::to_string(revision) +
      (new_cluster_id ? " as a new cluster" : ""));
  etcd_->Restore(revision, new_cluster_id);
  checker_.OnRestored(revision);
  Pass(ttl_ + 3s);
  if (!violation()) Calm();
  if (violation()) return;
  checker_.OnSettledAgain();
  if (new_cluster_id && !observer().views->freshness().tokens_invalid) {
    checker_.Fail("tokens from before the restore are still called valid");
  }
}

// All members stop and start again, while leases live on. Clients find etcd again so soon that a
// hand-over is not held up.
void System::RestartEtcd(Contestant& leader) {
  Say("event: restart of etcd, then resignation of " + leader.Name());
  for (size_t m = 0; m < etcd_->member_count(); ++m) etcd_->CrashMember(m);
  Pass(world_.Between(1s, 6s));
  for (size_t m = 0; m < etcd_->member_count(); ++m) etcd_->RestartMember(m);
  if (!StepUntil(world_.now() + 10s, [this] { return etcd_->has_leader(); })) return;
  leader.Resign();
  ExpectAnother(leader, 1500ms, "the restart of etcd and the resignation");
}

// Each answer of every member is later than a client waits for one endpoint, but within a third of
// the TTL: no lease is lost.
void System::SlowEtcd() {
  const Nanoseconds delay =
      world_.Between(election::DefaultEndpointTimeout(ttl_) + 50ms, ttl_ / 3 - 50ms);
  Say("event: etcd answers after " +
      std::to_string(std::chrono::duration_cast<Milliseconds>(delay).count()) + " ms");
  world_.Count("etcd slow as a whole");
  for (Process& p : processes_) {
    for (size_t m = 0; m < etcd_->member_count(); ++m) {
      p.transport->SetLink(m, {.down_delay = delay, .steady = true});
    }
  }
  // With an endpoint's time that was not made for the TTL, trying another one may cost a lease.
  if (patient_) return Pass(4 * ttl_);
  ExpectNoChange(4 * ttl_, "an etcd that answers late");
}

// The answer to one keepalive comes after the next one has left, which never arrives: whoever takes
// it for an answer to that one acts longer than its lease lives.
void System::LateAnswersThenSilence(const Contestant& leader, Process& process) {
  const Nanoseconds delay = world_.Between(ttl_ / 3 + 50ms, ttl_ / 2 - 50ms);
  Say("event: answers to " + leader.Name() + " after " +
      std::to_string(std::chrono::duration_cast<Milliseconds>(delay).count()) +
      " ms, then nothing of what it sends arrives");
  const auto set_links = [&](bool up_cut) {
    for (size_t m = 0; m < etcd_->member_count(); ++m) {
      process.transport->SetLink(m, {.down_delay = delay, .steady = true, .up_cut = up_cut});
    }
  };
  set_links(false);
  Pass(world_.Between(ttl_ / 3, ttl_));
  set_links(true);
  ExpectAnother(leader, ttl_ + 1s, "late answers and the cut");
  Pass(world_.Between(0ms, 3s));
}

void System::SingleEvent() {
  Process* process = nullptr;
  Contestant* const leader = AnyLeader(&process);
  if (leader == nullptr) {
    // Everybody has resigned from everything.
    return Calm();
  }
  const std::string who = leader->Name();
  switch (world_.random().Below(17)) {
    case 0: {
      Say("event: crash of " + who);
      const size_t election = leader->election();
      const int client = leader->client();
      Crash(*process, false);
      if (!StepUntil(world_.now() + ttl_ + 1s, [&] { return AnotherActs(election, client); }) &&
          !violation()) {
        checker_.Fail("after the crash of " + who + " nobody leads within TTL + 1 s");
      }
      break;
    }
    case 1:
      Say("event: resignation of " + who);
      leader->Resign();
      ExpectAnother(*leader, 1s, "the resignation");
      break;
    case 2: {
      Say("event: key deleted by hand, of " + who);
      const auto token = leader->Acting();
      (void)foreigners_.DeleteLeader(leader->election());
      ExpectAnother(*leader, 1s, "the deletion by hand");
      Pass(1s);
      if (leader->Acting() == token) {
        checker_.Fail(who + " still acts a second after its key was deleted by hand");
      }
      break;
    }
    case 3:
      Say("event: etcd's leader changes");
      etcd_->LoseLeader();
      if (patient_) {
        Pass(5s);  // a lease may run out while an endpoint is waited for
      } else {
        ExpectNoChange(5s, "a change of etcd's leader");
      }
      break;
    case 4:
      Say("event: all connections reset");
      for (Process& p : processes_) {
        for (size_t m = 0; m < etcd_->member_count(); ++m) p.transport->BreakConnections(m);
      }
      ExpectNoChange(5s, "reset connections");
      break;
    case 5:
      Say("event: NOSPACE, then resignation of " + who);
      etcd_->RaiseNoSpace();
      leader->Resign();
      ExpectAnother(*leader, 1s, "the resignation under NOSPACE");
      etcd_->DisarmNoSpace();
      break;
    case 6:
      Say("event: compaction and reset connections");
      etcd_->Compact();
      for (Process& p : processes_) {
        for (size_t m = 0; m < etcd_->member_count(); ++m) p.transport->BreakConnections(m);
      }
      ExpectNoChange(5s, "compaction");
      break;
    case 7:
      Say("event: pause of " + who);
      process->scheduler->Pause();
      ExpectAnother(*leader, ttl_ + 1s, "the pause");
      Pass(world_.Between(0ms, 3s));
      process->scheduler->Resume();
      break;
    case 8:
      Say("event: cut of " + who);
      for (size_t m = 0; m < etcd_->member_count(); ++m) {
        process->transport->SetLink(m, {.up_cut = true, .down_cut = true});
      }
      ExpectAnother(*leader, ttl_ + 1s, "the cut");
      Pass(world_.Between(0ms, 3s));
      for (size_t m = 0; m < etcd_->member_count(); ++m) process->transport->SetLink(m, {});
      break;
    case 9: {
      Say("event: etcd's leader changes, crash of " + who);
      etcd_->LoseLeader();
      const size_t election = leader->election();
      const int client = leader->client();
      Crash(*process, true);
      if (!StepUntil(world_.now() + 2 * ttl_ + 5s, [&] { return AnotherActs(election, client); }) &&
          !violation()) {
        checker_.Fail("after the crash of " + who + " and a change of etcd's leader nobody leads " +
                      "within 2 TTL + 5 s");
      }
      break;
    }
    case 10:
      Say("event: slow answers to " + who + ", then a cut");
      for (size_t m = 0; m < etcd_->member_count(); ++m) {
        process->transport->SetLink(m, {.down_delay = world_.Between(100ms, 900ms)});
      }
      Pass(world_.Between(ttl_ / 2, ttl_));
      for (size_t m = 0; m < etcd_->member_count(); ++m) {
        process->transport->SetLink(m, {.up_cut = true, .down_cut = true});
      }
      ExpectAnother(*leader, ttl_ + 1s, "slow answers and the cut");
      Pass(world_.Between(0ms, 3s));
      break;
    case 11:
      return RestoreFromSnapshot();
    case 14:
      SlowEtcd();
      break;
    case 15:
      LateAnswersThenSilence(*leader, *process);
      break;
    case 12:
      RestartEtcd(*leader);
      break;
    case 13:
      Say("event: all streams stall, then resignation of " + who);
      for (Process& p : processes_) {
        for (size_t m = 0; m < etcd_->member_count(); ++m) p.transport->StallStreams(m);
      }
      leader->Resign();
      ExpectAnother(*leader, kStallIsOver, "the stall and the resignation");
      Pass(kStallIsOver);
      break;
    default:
      Say("event: the wall clock steps");
      wall_clock_.Step(std::chrono::hours(world_.random().OneIn(2) ? 1 : -1));
      ExpectNoChange(2s, "a step of the wall clock");
  }
  if (!violation()) Calm();
}

}  // namespace bellwether::sim
