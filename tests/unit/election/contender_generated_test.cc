// Contenders on a small model of etcd, with messages late, lost and cut, leases that expire,
// compaction and resigns, all from a seed. The whole client under the same and more is tested in
// tests/sim. One seed: BELLWETHER_SEED=n.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "base/random.h"
#include "election/contender.h"

namespace bellwether::election {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds kTtl{6000};
constexpr MonotonicTime kStart{100s};
constexpr MonotonicTime kFaultsEnd = kStart + 90s;
constexpr MonotonicTime kEnd = kFaultsEnd + 60s;

class World {
 public:
  explicit World(uint64_t seed) : random_(seed) {
    for (uint64_t i = 0; i < 3; ++i) {
      people_.push_back(std::make_unique<Person>(seed * 100 + i));
      Later(Ms(2000), [this, i] { Feed(i, CampaignAsked{}); });
    }
  }

  void Run() {
    while (now_ < kEnd && !::testing::Test::HasFatalFailure()) {
      MonotonicTime next = kEnd;
      if (!queue_.empty()) next = queue_.begin()->first;
      for (const auto& p : people_)
        next = std::min(next, p->contender.next_deadline().value_or(kEnd));
      for (const auto& [id, lease] : leases_) next = std::min(next, lease.expires_at);
      now_ = std::max(now_, next);
      Expire();
      for (size_t i = 0; i < people_.size(); ++i) {
        const auto due = people_[i]->contender.next_deadline();
        if (due && *due <= now_) Feed(i, Tick{});
      }
      if (!queue_.empty() && queue_.begin()->first <= now_) {
        const auto task = std::move(queue_.begin()->second);
        queue_.erase(queue_.begin());
        task();
      }
      if (Faulty() && random_.OneIn(400)) Trouble();
      Check();
    }
    ASSERT_EQ(Leaders(), 1) << "nobody leads although all is well again";
  }

 private:
  struct Person {
    explicit Person(uint64_t seed)
        : contender({.prefix = "/e", .value = "v", .ttl = kTtl, .seed = seed}) {}
    Contender contender;
    MonotonicTime cut_until{};
    LeaseId kept;
    uint64_t keeping = 0;  // which KeepLease
    struct Watch {
      bool open = false;
      std::string key;
      int64_t next = 0;
      uint64_t number = 0;
    } watch[2];
  };
  struct Lease {
    MonotonicTime expires_at;
    Milliseconds ttl;
  };
  using Done = std::function<void()>;

  Milliseconds Ms(uint64_t bound) {
    return Milliseconds(static_cast<int64_t>(random_.Below(bound)));
  }
  bool Faulty() const { return now_ < kFaultsEnd; }
  bool Cut(size_t i) const { return now_ < people_[i]->cut_until; }
  bool Drops(size_t i) { return Cut(i) || (Faulty() && random_.OneIn(20)); }
  void Later(Milliseconds delay, Done task) { queue_.emplace(now_ + delay, std::move(task)); }

  int Leaders() const {
    int leaders = 0;
    for (const auto& p : people_) leaders += p->contender.Current(now_).has_value() ? 1 : 0;
    return leaders;
  }
  void Check() {
    ASSERT_LE(Leaders(), 1);
    for (const auto& p : people_) {
      // Nobody deletes by hand here, so a valid leadership stands on a key that exists.
      if (const auto leads = p->contender.Current(now_)) {
        ASSERT_TRUE(keys_.contains(leads->key)) << leads->key;
      }
    }
  }
  void Trouble() {
    const size_t i = random_.Below(people_.size());
    switch (random_.Below(3)) {
      case 0:
        people_[i]->cut_until = now_ + Ms(12000);
        break;
      case 1:
        compacted_ = revision_;
        break;
      default:
        Feed(i, ResignAsked{now_ + Ms(5000)});
        Later(Ms(3000), [this, i] { Feed(i, CampaignAsked{}); });
    }
  }

  // --- The store
  void Expire() {
    std::set<LeaseId> dead;
    for (const auto& [id, lease] : leases_) {
      if (lease.expires_at <= now_) dead.insert(id);
    }
    for (const LeaseId id : dead) Revoke(id);
  }
  void Revoke(LeaseId id) {
    leases_.erase(id);
    std::vector<std::string> gone;
    for (const auto& [key, kv] : keys_) {
      if (kv.lease == id) gone.push_back(key);
    }
    if (!gone.empty()) ++revision_;
    for (const std::string& key : gone) Delete(key);
  }
  void Delete(const std::string& key) {
    keys_.erase(key);
    log_.push_back({etcd::Event::Kind::kDelete, {.key = key, .mod_revision = {revision_}}});
  }
  etcd::Header Header() const { return {.cluster_id = 1, .revision = {revision_}}; }
  etcd::RangeResponse Range(const etcd::RangeRequest& r) const {
    etcd::RangeResponse out{Header(), {}, false};
    for (const auto& [key, kv] : keys_) {
      const bool in = r.range_end.empty() ? key == r.key : key >= r.key && key < r.range_end;
      if (!in || (r.max_create_revision && kv.create_revision > r.max_create_revision)) continue;
      out.kvs.push_back(kv);
    }
    std::sort(out.kvs.begin(), out.kvs.end(),
              [](auto& a, auto& b) { return a.create_revision > b.create_revision; });
    if (r.limit == 1 && out.kvs.size() > 1) out.kvs.resize(1);
    return out;
  }
  Result<etcd::TxnResponse> Txn(const etcd::TxnRequest& t) {
    const auto known = keys_.find(t.compares[0].key);
    const int64_t created = known == keys_.end() ? 0 : known->second.create_revision.value;
    const bool yes = created == t.compares[0].equals;
    etcd::TxnResponse out{{}, yes, {}};
    for (const etcd::Op& op : yes ? t.success : t.failure) {
      if (const auto* put = std::get_if<etcd::PutRequest>(&op)) {
        if (!leases_.contains(put->lease))
          return Error{.code = Code::kNotFound, .message = "lease"};
        ++revision_;
        keys_[put->key] = {.key = put->key,
                           .create_revision = {revision_},
                           .mod_revision = {revision_},
                           .lease = put->lease};
        log_.push_back({etcd::Event::Kind::kPut, keys_[put->key]});
      } else if (const auto* del = std::get_if<etcd::DeleteRequest>(&op)) {
        ++revision_;
        Delete(del->key);
      } else {
        out.results.push_back(Range(std::get<etcd::RangeRequest>(op)));
      }
    }
    out.header = Header();
    return out;
  }

  // --- The network: a call is lost on its way there or back, or both ways are slow.
  template <typename Answer, typename Value>
  void Call(size_t i, uint64_t call, std::function<Result<Value>()> apply) {
    const auto lost = [this, i, call] {
      Later(3000ms, [this, i, call] {
        Feed(i, Answer{call, Error{.code = Code::kDeadline, .effect = Effect::kUnknown}});
      });
    };
    if (Drops(i)) return lost();
    Later(Ms(random_.OneIn(10) ? 2000 : 20), [this, i, call, apply, lost] {
      Result<Value> result = apply();
      if (Drops(i)) return lost();
      Later(Ms(20), [this, i, call, result] { Feed(i, Answer{call, result}); });
    });
  }
  void KeepAlive(size_t i, uint64_t keeping) {
    Person& p = *people_[i];
    if (p.keeping != keeping || !p.kept) return;
    Later(kTtl / 3, [this, i, keeping] { KeepAlive(i, keeping); });
    if (Drops(i)) return;
    const MonotonicTime sent_at = now_;
    const LeaseId lease = p.kept;
    Later(Ms(random_.OneIn(5) ? 3000 : 20), [this, i, keeping, lease, sent_at] {
      const auto held = leases_.find(lease);
      const bool alive = held != leases_.end();
      if (alive) held->second.expires_at = now_ + held->second.ttl;
      if (Drops(i)) return;
      Later(Ms(random_.OneIn(5) ? 3000 : 20), [this, i, keeping, lease, sent_at, alive] {
        if (people_[i]->keeping != keeping) return;
        if (alive) return Feed(i, Renewed{lease, sent_at, kTtl});
        Feed(i, LeaseGone{lease});
      });
    });
  }
  void Poll(size_t i, Watched watched, uint64_t number) {
    auto& watch = people_[i]->watch[static_cast<int>(watched)];
    if (!watch.open || watch.number != number) return;
    Later(Ms(100) + 1ms, [this, i, watched, number] { Poll(i, watched, number); });
    if (Cut(i)) return Feed(i, WatchCut{watched});
    if (watch.next <= compacted_) {
      watch.open = false;
      return Feed(i, WatchEnded{watched, {.code = Code::kCompacted}});
    }
    etcd::WatchBatch batch{Header(), {}};
    for (const etcd::Event& e : log_) {
      if (e.kv.key == watch.key && e.kv.mod_revision.value >= watch.next) batch.events.push_back(e);
    }
    watch.next = std::max(watch.next, revision_ + 1);
    if (batch.events.empty()) return Feed(i, WatchAlive{watched, Header()});
    Feed(i, WatchTold{watched, batch});
  }

  // --- Commands
  void Feed(size_t i, const Input& input) {
    for (const Command& command : people_[i]->contender.Step(now_, input)) {
      std::visit([&](const auto& c) { Do(i, c); }, command);
    }
  }
  void Do(size_t i, const SendGrant& c) {
    const MonotonicTime sent_at = now_;
    Call<GrantAnswered, etcd::LeaseGrantResponse>(
        i, c.call, [this, c, sent_at]() -> Result<etcd::LeaseGrantResponse> {
          if (leases_.contains(c.lease)) return Error{.code = Code::kConflict};
          leases_[c.lease] = {now_ + c.ttl, c.ttl};
          return etcd::LeaseGrantResponse{Header(), c.lease, c.ttl, sent_at};
        });
  }
  void Do(size_t i, const SendRevoke& c) {
    Call<RevokeAnswered, etcd::LeaseRevokeResponse>(
        i, c.call, [this, c]() -> Result<etcd::LeaseRevokeResponse> {
          if (!leases_.contains(c.lease)) return Error{.code = Code::kNotFound};
          Revoke(c.lease);
          return etcd::LeaseRevokeResponse{Header()};
        });
  }
  void Do(size_t i, const SendTxn& c) {
    Call<TxnAnswered, etcd::TxnResponse>(i, c.call, [this, c] { return Txn(c.request); });
  }
  void Do(size_t i, const SendRange& c) {
    Call<RangeAnswered, etcd::RangeResponse>(
        i, c.call, [this, c]() -> Result<etcd::RangeResponse> { return Range(c.request); });
  }
  void Do(size_t i, const KeepLease& c) {
    people_[i]->kept = c.lease;
    KeepAlive(i, ++people_[i]->keeping);
  }
  void Do(size_t i, const DropLease&) {
    people_[i]->kept = {};
    ++people_[i]->keeping;
  }
  void Do(size_t i, const OpenWatch& c) {
    ASSERT_TRUE(c.from);
    auto& watch = people_[i]->watch[static_cast<int>(c.watched)];
    watch = {true, c.key, c.from.value, watch.number + 1};
    Later(Ms(100), [this, i, c, number = watch.number] { Poll(i, c.watched, number); });
  }
  void Do(size_t i, const CloseWatch& c) {
    people_[i]->watch[static_cast<int>(c.watched)].open = false;
  }
  void Do(size_t, const Elected& c) {
    ASSERT_GT(c.leadership.token.value, last_token_);
    last_token_ = c.leadership.token.value;
  }
  void Do(size_t i, const Lost&) {
    Later(Ms(500), [this, i] { Feed(i, CampaignAsked{}); });
  }
  template <typename News>
  void Do(size_t, const News&) {}

  Random random_;
  MonotonicTime now_ = kStart;
  std::multimap<MonotonicTime, Done> queue_;
  std::vector<std::unique_ptr<Person>> people_;
  int64_t revision_ = 1;
  int64_t compacted_ = 0;
  std::map<std::string, etcd::KeyValue> keys_;
  std::map<LeaseId, Lease> leases_;
  std::vector<etcd::Event> log_;
  int64_t last_token_ = 0;
};

TEST(ContenderGeneratedTest, OneLeadsAtMostTokensGrowAndSomebodyLeadsInTheEnd) {
  const char* given = std::getenv("BELLWETHER_SEED");
  const uint64_t first = given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
  const uint64_t count = given != nullptr ? 1 : 150;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("BELLWETHER_SEED=" + std::to_string(seed));
    World(seed).Run();
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace bellwether::election
