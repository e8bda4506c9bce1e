#include "election/range_observer.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace bellwether::election {
namespace {

constexpr etcd::CallOptions kListCall{.timeout = Milliseconds(10000)};
// An event that is only late has arrived by then; one that still has not was lost by the server.
constexpr Milliseconds kConfirmAfter{5000};
// Twice within kFreshFor, with time for an answer.
constexpr Milliseconds kProveEvery{1000};

}  // namespace

RangeObserver::RangeObserver(Scheduler& scheduler, etcd::Client& client, RootQueues queues,
                             Milliseconds reread_within, uint64_t seed, Told told)
    : scheduler_(scheduler),
      client_(client),
      reread_within_(reread_within),
      told_(std::move(told)),
      queues_(std::move(queues)),
      backoff_({}, seed),
      list_timer_(scheduler),
      reread_timer_(scheduler) {}

void RangeObserver::ListNewHistory() {
  floor_ = Revision{};
  queues_.ForgetHistory();
  List();
}

void RangeObserver::List() {
  scope_.Reset();
  watch_.reset();
  list_timer_.Cancel();
  reread_timer_.Cancel();
  SetWatching(false);
  if (queues_.loaded()) ++relists_;
  queues_.StartLoad();
  list_revision_ = Revision{};
  ReadPage(queues_.begin());
}

void RangeObserver::ReadPage(const std::string& from) {
  client_.Range({.key = from,
                 .range_end = queues_.end(),
                 .limit = page_.keys(),
                 .at_revision = list_revision_},
                kListCall, scope_.Bind([this, from](Result<etcd::RangeResponse> result) {
                  OnPage(from, std::move(result));
                }));
}

void RangeObserver::OnPage(const std::string& from, Result<etcd::RangeResponse> result) {
  if (!result && page_.HalveAfter(result.error())) return ReadPage(from);
  // Compacted between two pages: from the first page again, at a newer revision.
  if (!result.ok()) return ListLater(result.error());
  if (!told_.header(result->header, floor_)) return;
  if (!list_revision_) list_revision_ = result->header.revision;
  const Result<std::optional<std::string>> next = etcd::NextPage(*result, from, queues_.end());
  if (!next) return ListLater(next.error());
  page_.Grow(result->kvs);
  queues_.LoadPage(result->kvs);
  if (!*next) return OnListed();
  ReadPage(**next);
}

void RangeObserver::OnListed() {
  trouble_logged_ = false;
  backoff_.Reset();
  watch_ = client_.Watch({.key = queues_.begin(),
                          .range_end = queues_.end(),
                          .from = list_revision_.Next(),
                          .critical = true,
                          .prove_every = kProveEvery},
                         this);
  told_.changed(queues_.FinishLoad(Now(), list_revision_));
  floor_ = list_revision_;
  told_.state();
  ScheduleReread();
}

void RangeObserver::ListLater(const Error& why) {
  if (!trouble_logged_) {
    log::Warning("elections cannot be listed; trying again",
                 {{"range", queues_.begin()}, {"error", why.message}});
  }
  trouble_logged_ = true;
  list_timer_.Set(scheduler_.Now() + backoff_.Next(), [this] { List(); });
}

void RangeObserver::OnWatchEvents(const etcd::WatchBatch& batch) {
  events_ += batch.events.size();
  // A revision at a time: each makes a new view of every queue that it touches, and with a hundred
  // thousand places those of a whole batch would be gigabytes.
  const auto end = batch.events.end();
  for (auto from = batch.events.begin(); from != end;) {
    const Revision revision = from->kv.mod_revision;
    const auto to = std::find_if(
        from, end, [&](const etcd::Event& event) { return event.kv.mod_revision != revision; });
    told_.changed(queues_.Apply(Now(), {batch.header, {from, to}}));
    from = to;
  }
  floor_ = std::max(floor_, queues_.revision());
  SetWatching(true);
  told_.state();
}

void RangeObserver::OnWatchProgress(const etcd::Header&) { SetWatching(true); }

void RangeObserver::OnWatchAlive(MonotonicTime asked_at) {
  alive_at_ = asked_at;
  told_.state();
}

void RangeObserver::OnWatchInterrupted(const Error&) { SetWatching(false); }

void RangeObserver::OnWatchLost(const Error& why) {
  SetWatching(false);
  // A refusal that repeats must not make us list without end.
  if (why.code == Code::kCompacted) return List();
  ListLater(why);
}

void RangeObserver::SetWatching(bool watching) {
  if (watching_ == watching) return;
  watching_ = watching;
  // What one member answered says nothing about the next one's stream.
  alive_at_ = MonotonicTime();
  told_.state();
}

// --- Safety re-reads: page after page, round and round, each key once within reread_within.

void RangeObserver::ScheduleReread() {
  if (reread_within_ <= Milliseconds(0)) return;
  const auto pages = static_cast<int64_t>(queues_.key_count()) / page_.keys() + 2;
  const Milliseconds pause = std::max(reread_within_ / pages - kConfirmAfter, Milliseconds(1000));
  reread_timer_.Set(scheduler_.Now() + pause, [this] {
    queues_.StartReread();
    Reread(false);
  });
}

void RangeObserver::Reread(bool again) {
  if (cursor_.empty()) cursor_ = queues_.begin();
  client_.Range(
      {.key = cursor_, .range_end = queues_.end(), .limit = page_.keys()}, kListCall,
      scope_.Bind([this, again](Result<etcd::RangeResponse> result) { OnReread(again, result); }));
}

void RangeObserver::OnReread(bool again, const Result<etcd::RangeResponse>& result) {
  if (!result && page_.HalveAfter(result.error())) return Reread(again);
  // Trouble shows in the probe; the next round tries again.
  if (!result.ok()) {
    queues_.EndReread();
    return ScheduleReread();
  }
  const Result<std::optional<std::string>> next = etcd::NextPage(*result, cursor_, queues_.end());
  if (!next) {
    queues_.EndReread();
    return ListLater(next.error());
  }
  const std::string end = next->value_or(queues_.end());
  if (const size_t differences = queues_.Differences(cursor_, end, result->kvs)) {
    if (!again) {
      reread_timer_.Set(scheduler_.Now() + kConfirmAfter, [this] { Reread(true); });
      return;
    }
    missed_ += differences;
    log::Warning("etcd has not told all watch events; listing again",
                 {{"range", queues_.begin()}, {"keys", differences}});
    return List();
  }
  page_.Grow(result->kvs);
  queues_.EndReread();
  cursor_ = end == queues_.end() ? queues_.begin() : end;
  ScheduleReread();
}

RootQueues::Moment RangeObserver::Now() const {
  return {scheduler_.Now(), std::chrono::system_clock::now()};
}

}  // namespace bellwether::election
