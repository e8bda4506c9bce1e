// After the storm: everything works again, and the system must settle by itself within a bound.
// Then nothing is written.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "sim/system.h"

namespace bellwether::sim {
namespace {

using namespace std::chrono_literals;

// The longest wait before a lost place is asked for again (Contender: somebody who keeps deleting
// it must not make us write without end; NOSPACE lasts until a person disarms it).
constexpr Nanoseconds kLongestBackoff = 10s;
// A place, and what an Observer here knows, is read again within a minute; with events that are
// late a second time.
constexpr Nanoseconds kReread = 70s;

}  // namespace

void System::Calm() {
  Say("calm");
  for (size_t m = 0; m < etcd_->member_count(); ++m) {
    etcd_->RestartMember(m);
    etcd_->Rejoin(m);
  }
  for (Process& process : processes_) {
    if (!process.up()) Start(process);
    if (process.scheduler->paused()) process.scheduler->Resume();
    for (size_t m = 0; m < etcd_->member_count(); ++m) process.transport->SetLink(m, {});
  }
  if (!StepUntil(world_.now() + 10s, [this] { return etcd_->has_leader(); })) {
    return checker_.Fail("the simulated etcd has no leader");
  }
  // The alarm may still be on its way (EtcdFault).
  Pass(2s);
  etcd_->DisarmNoSpace();
  foreigners_.Clear();
  for (Process& process : processes_) {
    for (const auto& contestant : process.contestants) {
      if (!contestant->campaigning() && !world_.random().OneIn(5)) contestant->Campaign();
    }
  }
  if (std::exchange(events_were_lost_, false)) Pass(kReread);
  Settle(2 * ttl_ + 5s + kLongestBackoff, "the storm");
}

bool System::Settled() const { return WhatIsUnsettled().empty(); }

std::string System::WhatIsUnsettled() const {
  for (size_t e = 0; e < checker_.elections().size(); ++e) {
    bool wanted = false;
    bool led = foreigners_.Leads(e);
    std::set<int> in_queue;
    for (const auto& place : checker_.PlacesIn(e)) in_queue.insert(place.client);
    for (const Process& process : processes_) {
      for (const auto& contestant : process.contestants) {
        if (contestant->election() != e) continue;
        if (contestant->resign_under_way()) return contestant->Name() + " is still resigning";
        if (!contestant->campaigning()) continue;
        wanted = true;
        if (!in_queue.contains(contestant->client())) {
          return contestant->Name() + " has no place" +
                 (contestant->trouble() ? "; last trouble: " + contestant->trouble()->message : "");
        }
        led |= contestant->Acting().has_value();
      }
    }
    if (wanted && !led) return "nobody leads " + checker_.elections()[e].prefix;
  }
  const Process& p = observer();
  if (!p.up()) return "";
  if (!p.views->freshness().FreshAt(p.scheduler->Now())) return "the views are stale";
  if (!checker_.ViewsAreCurrent(*p.views)) return "the views are not etcd's state";
  return "";
}

void System::Settle(Nanoseconds bound, const std::string& after) {
  const Time start = world_.now();
  const Time end = start + bound;
  while (world_.now() < end && !violation()) {
    if (Settled()) {
      const auto took = std::chrono::duration_cast<Milliseconds>(world_.now() - start);
      longest_settling_ = std::max<Nanoseconds>(longest_settling_, took);
      return Say("settled after " + std::to_string(took.count()) + " ms");
    }
    Pass(50ms);
  }
  if (!violation()) {
    checker_.Fail("after " + after + ", " +
                  std::to_string(std::chrono::duration_cast<Milliseconds>(bound).count()) +
                  " ms later: " + WhatIsUnsettled());
  }
}

// Whoever campaigns has one place; nobody else has any.
void System::CheckPlaces() {
  for (size_t e = 0; e < checker_.elections().size(); ++e) {
    std::map<int, int> places;  // by client
    for (const auto& place : checker_.PlacesIn(e)) ++places[place.client];
    std::set<int> campaigning;
    for (const Process& process : processes_) {
      for (const auto& contestant : process.contestants) {
        if (contestant->election() == e && contestant->campaigning()) {
          campaigning.insert(contestant->client());
        }
      }
    }
    for (const auto& [client, count] : places) {
      const int right = campaigning.contains(client) ? 1 : 0;
      if (count == right) continue;
      checker_.Fail("client " + std::to_string(client) + " has " + std::to_string(count) +
                    " places in " + checker_.elections()[e].prefix + " instead of " +
                    std::to_string(right));
    }
  }
}

void System::StayIdle() {
  // What crashed processes have left behind expires.
  Pass(2 * ttl_ + 3s);
  Settle(1s, "settling");
  if (!violation()) CheckPlaces();
  if (violation()) return;
  const int64_t revision = etcd_->store().revision();
  const uint64_t raft_entries = etcd_->raft_entries();
  const uint64_t elected = checker_.elected();
  Pass(20s);
  if (violation()) return;
  if (etcd_->store().revision() != revision || etcd_->raft_entries() != raft_entries) {
    checker_.Fail("while nothing changed, etcd made " +
                  std::to_string(etcd_->store().revision() - revision) + " revisions and " +
                  std::to_string(etcd_->raft_entries() - raft_entries) + " raft entries");
  }
  if (checker_.elected() != elected) checker_.Fail("a leader changed while nothing happened");
  Settle(50ms, "idleness");
}

}  // namespace bellwether::sim
