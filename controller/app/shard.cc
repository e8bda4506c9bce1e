#include "app/shard.h"

#include <chrono>
#include <utility>

#include "app/leader_read.h"
#include "app/readiness.h"
#include "base/log.h"
#include "base/random.h"

namespace bellwether::app {
namespace {

constexpr Milliseconds kLookEvery{1000};
// A warning is logged once; so many different ones are remembered (members times what can be said
// of each).
constexpr size_t kMaxWarned = 1000;

// A little less than the HTTP server waits, so that a client hears etcd's reason and not only that
// time was up.
Milliseconds ReadTimeout(const Config& config) {
  return config.http.limits.answer_timeout * 9 / 10;
}

std::string Reasons(const http::Readiness& readiness) {
  std::string reasons;
  for (const auto& check : readiness.checks) {
    if (!check.ok) reasons += (reasons.empty() ? "" : "; ") + check.why;
  }
  return reasons;
}

}  // namespace

Shard::Shard(const Config& config)
    : root_(config.root),
      started_at_(BootClock::now()),
      prefixes_(config.prefixes),
      read_timeout_(ReadTimeout(config)) {}

Result<std::unique_ptr<Shard>> Shard::Start(const Config& config) {
  std::unique_ptr<Shard> shard(new Shard(config));
  auto connected = etcd::Connect(shard->loop_, config.etcd);
  if (!connected) return connected.error();
  shard->etcd_ = *std::move(connected);
  etcd::Client& client = *shard->etcd_.client;
  shard->observer_ = std::make_unique<election::Observer>(
      shard->loop_, client,
      election::ObserverOptions{.root = config.root, .prefixes = config.prefixes}, shard->views_);
  shard->leader_ttls_ =
      std::make_unique<election::LeaderTtls>(shard->loop_, client, Random::FromEntropy().Next());
  shard->observer_->Keep(shard->history_);
  shard->observer_->OnLeaderChange(
      [self = shard.get()](const election::LeaderChange& change) { self->OnLeaderChange(change); });
  const ClusterConfig& cluster = config.clusters.front();
  shard->sampler_ = std::make_unique<growth::StatusSampler>(
      shard->loop_, client,
      growth::StatusSampler::Options{.cluster = cluster.name, .quota_bytes = cluster.quota_bytes},
      shard->status_);
  shard->look_timer_.emplace(shard->loop_);
  shard->loop_.Post([self = shard.get()] {
    self->observer_->Start();
    self->sampler_->Start();
    self->LookLater();
  });
  shard->thread_ = std::thread([self = shard.get()] { self->loop_.Run(); });
  return shard;
}

Shard::~Shard() {
  if (thread_.joinable()) {
    loop_.Post([this] {
      look_timer_.reset();
      sampler_.reset();
      observer_.reset();
      leader_ttls_.reset();
      etcd_ = {};
    });
    loop_.Stop();
    thread_.join();
  }
}

void Shard::Apply(const Config& config) {
  loop_.Post([this, read_timeout = ReadTimeout(config),
              quota_bytes = config.clusters.front().quota_bytes, prefixes = config.prefixes] {
    read_timeout_ = read_timeout;
    sampler_->SetQuota(quota_bytes);
    prefixes_ = prefixes;
    changing_prefixes_ = true;
    observer_->SetPrefixes(prefixes_);
    changing_prefixes_ = false;
  });
}

http::Readiness Shard::readiness() const {
  http::Readiness now = Assess(BootClock::now(), views_.freshness(), status_.current().get());
  if (const uint64_t refused = counters().observer.refused_prefixes) {
    now.warnings.push_back("Of elections.prefixes " + std::to_string(refused) +
                           " are not served, because the root has elections of their names that "
                           "have a leader; the log names them, and SIGHUP tries them again.");
  }
  return now;
}

metrics::Counters Shard::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

std::string Shard::PrefixOf(const election::ElectionName& election) const {
  // What is served under the name: a configured prefix may have been refused because of it.
  if (const auto view = views_.Find(election.ns, election.name)) return view->prefix;
  for (const election::ExplicitPrefix& prefix : prefixes_) {
    if (prefix.election == election) return prefix.prefix;
  }
  return election::PrefixOf(root_, election);
}

void Shard::ReadLinearizable(const election::ElectionName& election,
                             http::LinearizableCallback done) {
  loop_.Post([this, election, done = std::move(done)]() mutable {
    // Only while the shard ends, and then the one who asked has ended already.
    if (!etcd_.client) return;
    ReadLeader(*etcd_.client, PrefixOf(election), read_timeout_, std::move(done));
  });
}

void Shard::OnLeaderChange(const election::LeaderChange& change) {
  // A first leader is none, nor is the loss of one: as bellwether_election_transitions_total
  // counts.
  const uint64_t before = change.before ? change.before->transitions : 0;
  const bool is_change = !changing_prefixes_ && change.after && change.after->transitions > before;
  if (is_change) ++leader_changes_;
  if (!changing_prefixes_) leader_log_.OnChange(change);
  leader_ttls_->OnLeaderChange(change);
}

void Shard::Look() {
  PublishCounters();
  const http::Readiness now = readiness();
  if (now.ok() && was_ready_ != true) log::Info("ready");
  // At the start everything has its moment to get going before that is worth a line.
  const bool settled = loop_.Now() - started_at_ > election::kFreshFor;
  if (!now.ok() && settled && was_ready_ != false) {
    log::Warning("not ready", {{"why", Reasons(now)}});
  }
  if (now.ok() || settled) was_ready_ = now.ok();
  for (const std::string& warning : now.warnings) {
    if (warned_.size() < kMaxWarned && warned_.insert(warning).second) log::Warning(warning);
  }
  LookLater();
}

void Shard::LookLater() {
  look_timer_->Set(loop_.Now() + kLookEvery, [this] { Look(); });
}

void Shard::PublishCounters() {
  const metrics::Counters counters{.observer = observer_->counters(),
                                   .leader_changes = leader_changes_};
  const std::lock_guard lock(mutex_);
  counters_ = counters;
}

}  // namespace bellwether::app
