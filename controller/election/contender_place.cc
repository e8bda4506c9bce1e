// The time between joining and leaving: who is ahead, leading, and how either ends.
#include <algorithm>

#include "election/contender.h"
#include "election/requests.h"

namespace bellwether::election {
namespace {

// A place that lasted this long was not lost to somebody who keeps deleting it.
constexpr Milliseconds kSettled{60000};

// True when the events say that the key which was created at `created` is no more. Events from
// before it are not about it: some servers repeat old ones (election.md (f): before 3.6.2, 3.5.22,
// 3.4.38).
bool Ended(const etcd::WatchBatch& batch, const std::string& key, Revision created) {
  return std::any_of(batch.events.begin(), batch.events.end(), [&](const etcd::Event& event) {
    return event.kv.key == key && event.kv.mod_revision > created &&
           (event.kind == etcd::Event::Kind::kDelete || event.kv.create_revision != created);
  });
}

}  // namespace

void Contender::OnInput(const Renewed& renewed) {
  const MonotonicTime before = book_.valid_until(renewed.lease);
  if (!book_.Renewed(renewed.lease, renewed.sent_at, renewed.ttl)) return;
  if (renewed.lease != lease_) return;
  const MonotonicTime until = book_.valid_until(lease_);
  if (phase_ == Phase::kLeading && until != before) Do(Extended{until});
  if (phase_ == Phase::kQueued && nobody_ahead_ && call_.number == 0) FindAhead();
}

void Contender::OnInput(const LeaseGone& gone) {
  if (gone.lease != lease_ || !lease_asked_ || phase_ == Phase::kIdle) return;
  lease_gone_ = true;
  switch (phase_) {
    case Phase::kQueued:
    case Phase::kLeading:
      OnPlaceGone("etcd says that our lease does not exist any more");
      break;
    case Phase::kJoining:
    case Phase::kReadingOwn:
      DelayRejoin();
      JoinAfresh();
      break;
    default:
      break;
  }
}

void Contender::OnInput(const WatchTold& told) {
  if (!HasPlace()) return;
  if (!SameHistory(told.batch.header, Revision{})) return OnPlaceGone(history_why_);
  if (told.watched == Watched::kOwn) {
    if (Ended(told.batch, key_, own_)) return OnKeyGone();
  } else if (ahead_ && Ended(told.batch, ahead_->key, ahead_->create_revision)) {
    // Others may have vanished in the same revision: read who is ahead now.
    ahead_.reset();
    Do(CloseWatch{Watched::kAhead});
    return FindAhead();
  }
  OnInput(WatchAlive{told.watched, told.batch.header});
}

void Contender::OnInput(const WatchCut&) {
  if (HasPlace()) cut_ = true;
}

void Contender::OnInput(const WatchAlive& alive) {
  if (!HasPlace()) return;
  if (!SameHistory(alive.header, Revision{})) return OnPlaceGone(history_why_);
  if (!cut_) return;
  // A restored etcd answers a resumed watch too; only a read shows whether our key survived.
  cut_ = false;
  FindAhead();
}

void Contender::OnInput(const WatchEnded& ended) {
  if (!HasPlace()) return;
  if (ended.watched == Watched::kOwn) {
    watching_own_ = false;
  } else {
    ahead_.reset();
  }
  if (ended.why.code == Code::kCompacted) return FindAhead();
  ReportTrouble(ended.why);
  RetryLater(ended.why);
}

void Contender::FindAhead() {
  check_at_.reset();
  split_ahead_.reset();
  const uint64_t call = NewCall();
  if (split_reads_) {
    Do(SendRange{call, AheadRange(options_.prefix, own_)});
  } else {
    Do(SendTxn{call, AheadTxn(options_.prefix, key_, own_)});
  }
}

void Contender::OnAheadAnswer(const Result<etcd::TxnResponse>& result, Revision floor) {
  if (!result.ok()) {
    if (result.error().code == Code::kNoSpace && !split_reads_) {
      split_reads_ = true;
      return FindAhead();
    }
    ReportTrouble(result.error());
    return RetryLater(result.error());
  }
  if (!SameHistory(result->header, floor)) return OnPlaceGone(history_why_);
  if (!result->succeeded) return OnKeyGone();
  const auto* ahead = result->results.empty()
                          ? nullptr
                          : std::get_if<etcd::RangeResponse>(&result->results.front());
  if (ahead == nullptr) {
    const Error odd{.message = "etcd answered a txn of election " + options_.prefix +
                               " without the range that it asked for"};
    ReportTrouble(odd);
    return RetryLater(odd);
  }
  OnAhead(result->header, result->header, ahead->kvs);
}

// Who is ahead first, whether we are there second: the other way round our key could go in between.
void Contender::OnSplitRead(const Result<etcd::RangeResponse>& result, Revision floor) {
  if (!result.ok()) {
    ReportTrouble(result.error());
    return RetryLater(result.error());
  }
  if (!SameHistory(result->header, floor)) return OnPlaceGone(history_why_);
  if (!split_ahead_) {
    split_ahead_ = *result;
    Do(SendRange{NewCall(), OwnRange(key_)});
    return;
  }
  if (result->kvs.empty() || result->kvs.front().create_revision != own_) {
    return OnKeyGone();
  }
  const etcd::RangeResponse ahead = *std::move(split_ahead_);
  split_ahead_.reset();
  OnAhead(result->header, ahead.header, ahead.kvs);
}

void Contender::OnAhead(const etcd::Header& own_header, const etcd::Header& ahead_header,
                        const std::vector<etcd::KeyValue>& ahead) {
  trouble_.reset();
  retry_backoff_.Reset();
  CheckLater();
  if (!watching_own_) {
    watching_own_ = true;
    Do(OpenWatch{Watched::kOwn, key_, own_header.revision.Next()});
  }
  if (ahead.empty()) {
    if (ahead_) Do(CloseWatch{Watched::kAhead});
    ahead_.reset();
    if (phase_ == Phase::kQueued) LeadIfValid();
    return;
  }
  const etcd::KeyValue& next = ahead.front();
  if (phase_ == Phase::kLeading) {
    return LoseLeadership("key " + next.key + " with an older create_revision has appeared");
  }
  nobody_ahead_ = false;
  if (ahead_ && ahead_->key == next.key && ahead_->create_revision == next.create_revision) return;
  ahead_ = next;
  Do(OpenWatch{Watched::kAhead, next.key, ahead_header.revision.Next()});
}

void Contender::LeadIfValid() {
  // Keepalives leave each TTL/3; with less than that a new leader would be asked to stop before the
  // next answer.
  const MonotonicTime until = book_.valid_until(lease_);
  nobody_ahead_ = until <= now_ + book_.ttl(lease_) / 3;
  if (nobody_ahead_) return;
  phase_ = Phase::kLeading;
  Do(Elected{{FencingToken{own_.value}, key_, lease_, until}});
}

void Contender::OnPlaceGone(const std::string& why) {
  if (phase_ == Phase::kLeading) return LoseLeadership(why);
  Do(PlaceLost{why});
  DelayRejoin();
  JoinAfresh();
}

void Contender::OnKeyGone() {
  own_ = Revision{};
  OnPlaceGone("our key was deleted");
}

void Contender::DelayRejoin() {
  if (now_ - joined_at_ > kSettled) rejoin_backoff_.Reset();
  rejoin_at_ = now_ + rejoin_backoff_.Next();
}

// The place, if it still exists, is removed by the next Campaign or Resign: until then the led work
// may still be ending.
void Contender::LoseLeadership(const std::string& why) {
  phase_ = Phase::kLost;
  CloseWatches();
  ReleaseLease();
  call_ = {};
  retry_at_.reset();
  check_at_.reset();
  trouble_.reset();
  DelayRejoin();
  Do(Lost{why});
}

void Contender::CheckLater() {
  const auto span = static_cast<uint64_t>(options_.check_every.count());
  check_at_ = now_ + Milliseconds(static_cast<int64_t>(span - random_.Below(span / 4 + 1)));
}

}  // namespace bellwether::election
