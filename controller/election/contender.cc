// Inputs, joining and leaving. The time in between is in contender_place.cc.
#include "election/contender.h"

#include <algorithm>
#include <limits>

#include "election/fence.h"
#include "election/requests.h"

namespace bellwether::election {
namespace {

constexpr size_t kMaxProclaims = 16;
// Reads and leaving: who hands over, and who waits for it, must not sleep for long after etcd is
// back. Grants and joins, which write, have the longer default.
constexpr Backoff::Options kRetryBackoff{.first = Milliseconds(100), .cap = Milliseconds(500)};
// NOSPACE lasts until a person disarms it, and each refused put may cost a raft entry.
constexpr Backoff::Options kNoSpaceBackoff{.first = Milliseconds(1000), .cap = Milliseconds(10000)};
// Somebody who keeps deleting our key must not make us write without end.
constexpr Backoff::Options kRejoinBackoff{.first = Milliseconds(100), .cap = Milliseconds(10000)};

}  // namespace

Contender::Contender(ContenderOptions options)
    : options_(std::move(options)),
      value_(options_.value),
      random_(options_.seed),
      retry_backoff_(kRetryBackoff, options_.seed + 1),
      join_backoff_({}, options_.seed + 4),
      no_space_backoff_(kNoSpaceBackoff, options_.seed + 2),
      rejoin_backoff_(kRejoinBackoff, options_.seed + 3) {}

std::vector<Command> Contender::Step(MonotonicTime now, const Input& input) {
  now_ = now;
  commands_.clear();
  // Before anything else: an answer that was delivered too late must not revive what has ended.
  if (phase_ == Phase::kLeading && now_ >= book_.valid_until(lease_)) {
    LoseLeadership("no keepalive was answered in time: the lease's validity has ended");
  }
  std::visit([this](const auto& in) { OnInput(in); }, input);
  RunDue();
  return std::move(commands_);
}

void Contender::RunDue() {
  if (leave_deadline_ && *leave_deadline_ <= now_) GiveUpLeaving();
  if (retry_at_ && *retry_at_ <= now_) {
    retry_at_.reset();
    switch (phase_) {
      case Phase::kGranting:
        Grant();
        break;
      case Phase::kJoining:
        Join();
        break;
      case Phase::kReadingOwn:
        ReadOwn();
        break;
      case Phase::kQueued:
      case Phase::kLeading:
        FindAhead();
        break;
      case Phase::kDeleting:
        DeleteOwn();
        break;
      case Phase::kRevoking:
        Revoke();
        break;
      case Phase::kIdle:
      case Phase::kLost:
        break;
    }
  }
  if (check_at_ && *check_at_ <= now_) FindAhead();
}

std::optional<MonotonicTime> Contender::next_deadline() const {
  std::optional<MonotonicTime> next;
  const auto consider = [&next](std::optional<MonotonicTime> t) {
    if (t && (!next || *t < *next)) next = t;
  };
  consider(retry_at_);
  consider(check_at_);
  consider(leave_deadline_);
  if (phase_ == Phase::kLeading) consider(book_.valid_until(lease_));
  return next;
}

std::optional<Leadership> Contender::Current(MonotonicTime now) const {
  if (phase_ != Phase::kLeading) return std::nullopt;
  const MonotonicTime valid_until = book_.valid_until(lease_);
  if (now >= valid_until) return std::nullopt;
  return Leadership{FencingToken{own_.value}, key_, lease_, valid_until};
}

// --- Inputs

void Contender::OnInput(const Tick&) {}

void Contender::OnInput(const CampaignAsked&) {
  switch (phase_) {
    case Phase::kIdle:
      StartJoin();
      break;
    case Phase::kLost:
      rejoin_ = true;
      StartLeaving();
      break;
    case Phase::kDeleting:
    case Phase::kRevoking:
      rejoin_ = true;
      break;
    case Phase::kGranting:
    case Phase::kJoining:
    case Phase::kReadingOwn:
    case Phase::kQueued:
    case Phase::kLeading:
      break;
  }
}

void Contender::OnInput(const ResignAsked& asked) {
  rejoin_ = false;
  rejoin_at_.reset();
  resigning_ = true;
  const bool leaving = phase_ == Phase::kDeleting || phase_ == Phase::kRevoking;
  if (phase_ == Phase::kIdle) {
    OnLeft(Ok());
    return;
  }
  if (!leaving) StartLeaving();
  if (phase_ != Phase::kIdle) leave_deadline_ = asked.deadline;
}

void Contender::OnInput(const ProclaimAsked& asked) {
  if (!HasPlace() || proclaims_.size() >= kMaxProclaims) {
    const char* why = HasPlace() ? "too many proclaims are under way" : "not in the queue";
    Do(Proclaimed{asked.id, Error{.code = Code::kConflict,
                                  .message = "proclaim in " + options_.prefix + ": " + why}});
    return;
  }
  proclaims_.emplace(++last_call_, Proposal{asked.id, asked.value});
  Do(SendTxn{last_call_, ProclaimTxn(key_, asked.value, lease_, own_)});
}

void Contender::OnInput(const GrantAnswered& answer) {
  Call call;
  if (!Take(answer.call, &call)) return;
  if (answer.result.ok()) {
    if (!SameHistory(answer.result->header, Revision{})) return JoinAfresh();
    return OnGranted(answer.result->sent_at, answer.result->ttl);
  }
  const Error& error = answer.result.error();
  if (error.code == Code::kConflict) {
    // The lease exists. With an answer lost before, that was our own try; else somebody else has
    // this number.
    if (grant_in_doubt_) return OnGranted(grant_sent_at_, options_.ttl);
    lease_asked_ = false;
    ChooseLease();
  } else if (error.effect == Effect::kUnknown) {
    grant_in_doubt_ = true;
  } else if (!grant_in_doubt_) {
    lease_asked_ = false;
  }
  ReportTrouble(error);
  RetryLater(error);
}

void Contender::OnInput(const RevokeAnswered& answer) {
  Call call;
  if (!Take(answer.call, &call)) return;
  if (answer.result.ok() || answer.result.error().code == Code::kNotFound) return OnLeft(Ok());
  const Error& error = answer.result.error();
  ReportTrouble(error);
  // A refusal stays one; the lease, which is not kept alive any more, runs out by itself.
  if (error.code == Code::kPermission || error.code == Code::kInvalid) return OnLeft(error);
  RetryLater(error);
}

void Contender::OnInput(const TxnAnswered& answer) {
  if (const auto it = proclaims_.find(answer.call); it != proclaims_.end()) {
    const Proposal proposal = std::move(it->second);
    proclaims_.erase(it);
    Status status = Ok();
    if (!answer.result.ok()) {
      status = answer.result.error();
    } else if (!answer.result->succeeded) {
      status = Error{.code = Code::kConflict,
                     .message = "proclaim in " + options_.prefix + ": our key is gone"};
    } else {
      value_ = proposal.value;
    }
    Do(Proclaimed{proposal.id, std::move(status)});
    return;
  }
  Call call;
  if (!Take(answer.call, &call)) return;
  switch (phase_) {
    case Phase::kJoining:
      OnJoinAnswer(answer.result, call.floor);
      break;
    case Phase::kQueued:
    case Phase::kLeading:
      OnAheadAnswer(answer.result, call.floor);
      break;
    case Phase::kDeleting:
      OnDeleteAnswer(answer.result);
      break;
    default:
      break;
  }
}

void Contender::OnInput(const RangeAnswered& answer) {
  Call call;
  if (!Take(answer.call, &call)) return;
  if (phase_ == Phase::kReadingOwn) {
    OnOwnRead(answer.result, call.floor);
  } else if (HasPlace()) {
    OnSplitRead(answer.result, call.floor);
  }
}

// --- Joining

void Contender::StartJoin() {
  phase_ = Phase::kGranting;
  ChooseLease();
  if (rejoin_at_ && *rejoin_at_ > now_) {
    retry_at_ = rejoin_at_;
    rejoin_at_.reset();
  } else {
    Grant();
  }
}

// A number that nobody else has, known to us before etcd hears it: so a repeated grant or join
// meets its own first try.
void Contender::ChooseLease() {
  do {
    lease_ = LeaseId{static_cast<int64_t>(
        random_.Next() & static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))};
  } while (!lease_);
  key_ = KeyOf(options_.prefix, lease_);
  own_ = Revision{};
  lease_asked_ = grant_in_doubt_ = lease_gone_ = false;
}

void Contender::Grant() {
  // A first try that counted long ago would leave too little of the lease.
  if (lease_asked_ && now_ - grant_sent_at_ > options_.ttl / 2) ChooseLease();
  if (!lease_asked_) grant_sent_at_ = now_;
  lease_asked_ = true;
  Do(SendGrant{NewCall(), lease_, options_.ttl});
}

void Contender::OnGranted(MonotonicTime sent_at, Milliseconds ttl) {
  book_.Granted(lease_, sent_at, ttl);
  Do(KeepLease{lease_, ttl});
  join_backoff_.Reset();
  Join();
}

void Contender::Join() {
  phase_ = Phase::kJoining;
  join_error_.reset();
  Do(SendTxn{NewCall(), JoinTxn(key_, value_, lease_)});
}

void Contender::OnJoinAnswer(const Result<etcd::TxnResponse>& result, Revision floor) {
  if (result.ok()) {
    if (!SameHistory(result->header, floor)) return JoinAfresh();
    if (result->succeeded) return OnJoined(result->header.revision);
    // The key was there: an earlier try under this lease had counted.
    if (!result->results.empty()) {
      const auto* own = std::get_if<etcd::RangeResponse>(&result->results.front());
      if (own != nullptr && !own->kvs.empty()) return OnJoined(own->kvs[0].create_revision);
    }
    return ReadOwn();
  }
  const Error& error = result.error();
  ReportTrouble(error);
  if (error.code == Code::kNotFound) {  // "requested lease not found"
    lease_gone_ = true;
    DelayRejoin();
    return JoinAfresh();
  }
  if (error.effect == Effect::kNone) return RetryLater(error);
  join_error_ = error;
  ReadOwn();
}

void Contender::ReadOwn() {
  phase_ = Phase::kReadingOwn;
  Do(SendRange{NewCall(), OwnRange(key_)});
}

void Contender::OnOwnRead(const Result<etcd::RangeResponse>& result, Revision floor) {
  if (!result.ok()) {
    ReportTrouble(result.error());
    return RetryLater(result.error());
  }
  if (!SameHistory(result->header, floor)) return JoinAfresh();
  if (!result->kvs.empty()) return OnJoined(result->kvs.front().create_revision);
  // Not there. The same txn again is safe: should the first one still arrive, one of the two finds
  // the other's key.
  phase_ = Phase::kJoining;
  RetryLater(join_error_.value_or(Error{}));
}

void Contender::OnJoined(Revision create_revision) {
  phase_ = Phase::kQueued;
  own_ = create_revision;
  joined_at_ = now_;
  join_backoff_.Reset();
  retry_backoff_.Reset();
  no_space_backoff_.Reset();
  trouble_.reset();
  Do(Queued{{key_, lease_, own_}});
  FindAhead();
}

// --- Leaving

void Contender::JoinAfresh() {
  rejoin_ = true;
  StartLeaving();
}

// The guarded delete first, because the key may have been put on another lease; then the lease.
// With a join under way whose outcome is unknown the lease alone is enough: without it, the late
// put is refused.
void Contender::StartLeaving() {
  CloseWatches();
  ReleaseLease();
  call_ = {};
  retry_at_.reset();
  check_at_.reset();
  retry_backoff_.Reset();
  // By then etcd has expired what we do not keep alive any more.
  leave_deadline_ = now_ + options_.ttl + options_.ttl / 2;
  if (own_) {
    DeleteOwn();
  } else if (lease_asked_ && !lease_gone_) {
    Revoke();
  } else {
    OnLeft(Ok());
  }
}

void Contender::DeleteOwn() {
  phase_ = Phase::kDeleting;
  Do(SendTxn{NewCall(), LeaveTxn(key_, own_)});
}

void Contender::OnDeleteAnswer(const Result<etcd::TxnResponse>& result) {
  if (result.ok()) {
    own_ = Revision{};
    return lease_gone_ ? OnLeft(Ok()) : Revoke();
  }
  const Error& error = result.error();
  // Before 3.4.20 and 3.5.7 NOSPACE refuses every txn; ending our own, never reused lease deletes
  // its only key just as well.
  const bool refused = error.code == Code::kNoSpace || error.code == Code::kPermission ||
                       error.code == Code::kInvalid;
  if (refused) return lease_gone_ ? OnLeft(error) : Revoke();
  ReportTrouble(error);
  RetryLater(error);  // guarded, so a repeat is safe and its answer tells what the first one did
}

void Contender::Revoke() {
  phase_ = Phase::kRevoking;
  Do(SendRevoke{NewCall(), lease_});
}

void Contender::OnLeft(Status status) {
  phase_ = Phase::kIdle;
  call_ = {};
  retry_at_.reset();
  leave_deadline_.reset();
  trouble_.reset();
  lease_ = LeaseId{};
  own_ = Revision{};
  lease_asked_ = lease_gone_ = false;
  if (resigning_) {
    resigning_ = false;
    Do(Resigned{std::move(status)});
  }
  if (rejoin_) {
    rejoin_ = false;
    StartJoin();
  }
}

void Contender::GiveUpLeaving() {
  if (!resigning_) return OnLeft(Ok());
  resigning_ = false;
  Do(Resigned{Error{.code = Code::kDeadline,
                    .effect = Effect::kUnknown,
                    .message = "resign from " + options_.prefix +
                               ": etcd did not confirm it in time; the place " + key_ +
                               " expires with its lease at the latest"}});
  if (rejoin_) {
    leave_deadline_ = now_ + options_.ttl + options_.ttl / 2;
    return;
  }
  // What is left is removed before the next join.
  phase_ = Phase::kLost;
  call_ = {};
  retry_at_.reset();
  leave_deadline_.reset();
}

// --- Common

bool Contender::Take(uint64_t number, Call* call) {
  if (number == 0 || number != call_.number) return false;
  *call = call_;
  call_ = {};
  return true;
}

uint64_t Contender::NewCall() {
  retry_at_.reset();
  call_ = {.number = ++last_call_, .floor = newest_};
  return call_.number;
}

void Contender::RetryLater(const Error& error) {
  const bool joins = phase_ == Phase::kGranting || phase_ == Phase::kJoining;
  Backoff& backoff = error.code == Code::kNoSpace ? no_space_backoff_
                     : joins                      ? join_backoff_
                                                  : retry_backoff_;
  retry_at_ = now_ + std::max(backoff.Next(), error.retry_after.value_or(Milliseconds(0)));
}

void Contender::CloseWatches() {
  if (watching_own_) Do(CloseWatch{Watched::kOwn});
  if (ahead_) Do(CloseWatch{Watched::kAhead});
  watching_own_ = cut_ = nobody_ahead_ = false;
  ahead_.reset();
  split_ahead_.reset();
}

void Contender::ReleaseLease() {
  if (!book_.Holds(lease_)) return;
  book_.Drop(lease_);
  Do(DropLease{lease_});
}

bool Contender::SameHistory(const etcd::Header& header, Revision floor) {
  const bool same_cluster =
      cluster_id_ == 0 || header.cluster_id == 0 || header.cluster_id == cluster_id_;
  if (same_cluster && header.revision >= floor) {
    if (header.cluster_id != 0) cluster_id_ = header.cluster_id;
    newest_ = std::max(newest_, header.revision);
    return true;
  }
  history_why_ = same_cluster
                     ? "etcd's revision went back from " + std::to_string(floor.value) + " to " +
                           std::to_string(header.revision.value) + " (restored from a snapshot?)"
                     : "another etcd cluster answers at the same address";
  history_why_ += "; fencing tokens from before mean nothing now";
  cluster_id_ = header.cluster_id;
  newest_ = header.revision;
  return false;
}

void Contender::ReportTrouble(const Error& error) {
  const std::pair now_told{error.code, phase_};
  if (trouble_ == now_told) return;
  trouble_ = now_told;
  Do(Trouble{error});
}

}  // namespace bellwether::election
