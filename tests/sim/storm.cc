// A storm: faults of all kinds that the seed allows, a few each second.
#include <cmath>

#include "sim/system.h"

namespace bellwether::sim {
namespace {

using namespace std::chrono_literals;

// From 0.2 ms to 1.2 s, each order of magnitude as often as the other.
Nanoseconds AnyDelay(Random& random) {
  return Nanoseconds(static_cast<int64_t>(200e3 * std::pow(6000.0, random.Fraction())));
}

}  // namespace

void System::Storm() {
  const Time end = world_.now() + world_.Between(8s, 30s);
  Say("storm");
  events_were_lost_ = events_get_lost_;
  if (events_get_lost_) etcd_->LoseEvents(10);
  while (world_.now() < end && !violation()) {
    StepUntil(world_.now() + world_.Between(1ms, 900ms));
    if (!violation()) Fault();
  }
  etcd_->LoseEvents(0);
}

void System::Fault() {
  using Kind = void (System::*)();
  static constexpr Kind kKinds[] = {
      &System::LinkFault,    &System::LinkFault,  &System::ProcessFault,
      &System::MemberFault,  &System::EtcdFault,  &System::ForeignFault,
      &System::ForeignFault, &System::UserAction, &System::UserAction};
  const size_t kind = world_.random().Below(std::size(kKinds));
  if ((enabled_ >> kind & 1) != 0) (this->*kKinds[kind])();
}

void System::LinkFault() {
  Process& process = *AnyProcess();
  if (!process.up()) return;
  const size_t member = world_.random().Below(etcd_->member_count());
  LinkConditions link;
  Random& random = world_.random();
  switch (random.Below(7)) {
    case 0:
      break;  // healed
    case 6:
      Say("streams of client " + std::to_string(process.client_number) + " stall");
      world_.Count("streams stalled");
      return process.transport->StallStreams(member);
    case 1:
      Say("reset connection of client " + std::to_string(process.client_number));
      return process.transport->BreakConnections(member);
    case 2:
      link.up_cut = link.down_cut = true;
      break;
    case 3:
      (random.OneIn(2) ? link.up_cut : link.down_cut) = true;
      break;
    case 4:
      (random.OneIn(2) ? link.up_delay : link.down_delay) = AnyDelay(random);
      break;
    default:
      link.up_delay = AnyDelay(random);
      link.down_delay = AnyDelay(random);
      link.loss_per_mille = static_cast<uint32_t>(random.Below(100));
      link.repeat_per_mille = static_cast<uint32_t>(random.Below(100));
  }
  Say("link of client " + std::to_string(process.client_number) + " to member " +
      std::to_string(member) + ": up " + std::to_string(link.up_delay.count() / 1000000) +
      " ms down " + std::to_string(link.down_delay.count() / 1000000) + " ms cut " +
      std::to_string(link.up_cut) + std::to_string(link.down_cut));
  process.transport->SetLink(member, link);
}

void System::ProcessFault() {
  Process& process = *AnyProcess();
  if (!process.up()) {
    Start(process);
    return Say("started client " + std::to_string(process.client_number));
  }
  const std::string client = "client " + std::to_string(process.client_number);
  if (process.scheduler->paused()) {
    Say("resume " + client);
    return process.scheduler->Resume();
  }
  if (world_.random().OneIn(3)) {
    Say("crash " + client);
    world_.Count("process crashed");
    return Crash(process, world_.random().OneIn(2));
  }
  Say("pause " + client);
  world_.Count("process paused");
  process.scheduler->Pause();
}

void System::MemberFault() {
  const size_t member = world_.random().Below(etcd_->member_count());
  Say("fault of member " + std::to_string(member));
  switch (world_.random().Below(5)) {
    case 0:
      return etcd_->CrashMember(member);
    case 1:
      return etcd_->RestartMember(member);
    case 2:
      return etcd_->Isolate(member);
    case 3:
      return etcd_->Rejoin(member);
    default:
      return etcd_->LoseLeader();
  }
}

void System::EtcdFault() {
  switch (world_.random().Below(6)) {
    case 0:
    case 1:
      Say("compact");
      return etcd_->Compact();
    case 2:
      Say("quota trap, then NOSPACE");
      etcd_->SpringQuotaTrap();
      return world_.After(world_.Between(10ms, 2s), [this] { etcd_->RaiseNoSpace(); });
    case 3:
      Say("disarm");
      return etcd_->DisarmNoSpace();
    case 4:
      Say("forget tokens");
      world_.Count("tokens forgotten");
      return etcd_->ForgetTokens();
    default:
      Say("step the wall clock");
      world_.Count("wall clock stepped");
      return wall_clock_.Step(std::chrono::hours(world_.random().OneIn(2) ? 1 : -1));
  }
}

void System::ForeignFault() {
  const size_t election = world_.random().Below(checker_.elections().size());
  switch (world_.random().Below(10)) {
    case 0:
    case 1:
    case 2:
      Say("foreigner joins");
      return foreigners_.Join();
    case 3:
      Say("foreigner leaves");
      return foreigners_.Leave();
    case 4:
      Say("foreigner crashes");
      return foreigners_.Crash();
    case 5:
      Say("foreigner tries the lock");
      return foreigners_.TryLock();
    case 6:
      Say("leader's key deleted by hand");
      (void)foreigners_.DeleteLeader(election);
      return;
    case 7:
      Say("key deleted by hand");
      return foreigners_.DeleteAny();
    case 8:
      Say("lease revoked by hand");
      return foreigners_.RevokeAny();
    default:
      Say("key deleted and put again by hand");
      return foreigners_.DeleteAndPutAgain();
  }
}

void System::UserAction() {
  Contestant* const contestant = AnyContestant();
  if (contestant == nullptr) return;
  switch (world_.random().Below(3)) {
    case 0:
      Say("resign: " + contestant->Name());
      return contestant->Resign();
    case 1:
      Say("proclaim: " + contestant->Name());
      return contestant->Proclaim();
    default:
      Say("campaign: " + contestant->Name());
      if (!contestant->campaigning()) contestant->Campaign();
  }
}

}  // namespace bellwether::sim
