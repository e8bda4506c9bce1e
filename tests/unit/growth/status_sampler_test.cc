#include "growth/status_sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "etcd/rpc.pb.h"
#include "support/sim_scheduler.h"

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Members that answer Status at once, or never.
class FakeMembers final : public etcd::Transport {
 public:
  FakeMembers(Scheduler& scheduler, size_t count) : scheduler_(scheduler) {
    for (size_t i = 0; i < count; ++i) names_.push_back("http://etcd-" + std::to_string(i));
  }
  size_t endpoint_count() const override { return names_.size(); }
  const std::string& endpoint_name(size_t endpoint) const override { return names_[endpoint]; }
  std::unique_ptr<etcd::Stream> Open(const std::string&, const etcd::RpcOptions&,
                                     etcd::StreamSink*) override {
    return nullptr;
  }
  void Unary(const std::string& method, std::string, const etcd::RpcOptions& options,
             UnaryDone done) override {
    if (method == "/etcdserverpb.Cluster/MemberList") {
      ++member_lists;
      etcdserverpb::MemberListResponse list;
      for (size_t i = 0; i < names_.size(); ++i) {
        auto* member = list.add_members();
        member->set_id(i + 1);
        member->set_name("m" + std::to_string(i));
      }
      scheduler_.Post([done, bytes = list.SerializeAsString()] { done({}, bytes); });
      return;
    }
    EXPECT_EQ(method, "/etcdserverpb.Maintenance/Status");
    asked_at[options.endpoint].push_back(scheduler_.Now());
    under_way_most = std::max(under_way_most, ++under_way[options.endpoint]);
    const auto answer = [this, endpoint = options.endpoint, done] {
      --under_way[endpoint];
      if (hung == endpoint) {
        return done({etcd::RpcCode::kDeadlineExceeded, "Deadline Exceeded"}, {});
      }
      etcdserverpb::StatusResponse status;
      status.mutable_header()->set_member_id(endpoint + 1);
      status.set_version("3.6.16");
      done({}, status.SerializeAsString());
    };
    // Even the transport's own deadline comes late when the machine is busy.
    const Nanoseconds delay = hung == options.endpoint ? options.timeout + lateness : 1ms;
    scheduler_.At(scheduler_.Now() + delay, answer);
  }

  std::optional<size_t> hung;
  Nanoseconds lateness{0};
  int member_lists = 0;
  int under_way_most = 0;
  std::map<size_t, int> under_way;
  std::map<size_t, std::vector<MonotonicTime>> asked_at;

 private:
  Scheduler& scheduler_;
  std::vector<std::string> names_;
};

class StatusSamplerTest : public ::testing::Test {
 protected:
  void RunFor(Nanoseconds time) {
    world_.RunUntil(world_.now() + time, [] { return false; });
  }
  void Start() {
    sampler_ =
        std::make_unique<StatusSampler>(scheduler_, client_, StatusSampler::Options{}, store_);
    sampler_->Start();
  }
  const MemberStatus& Member(size_t i) {
    shown_ = store_.current();
    return shown_->members[i];
  }

  sim::World world_{1};
  sim::SimScheduler scheduler_{world_, {}};
  FakeMembers members_{scheduler_, 3};
  etcd::Client client_{scheduler_, members_, {.seed = 1}};
  StatusStore store_;
  std::unique_ptr<StatusSampler> sampler_;
  std::shared_ptr<const ClusterStatus> shown_;
};

TEST_F(StatusSamplerTest, AsksEachEndpointEveryTenSecondsWithoutDrift) {
  EXPECT_EQ(store_.current(), nullptr);
  Start();
  RunFor(10'005s);
  for (const auto& [endpoint, times] : members_.asked_at) {
    ASSERT_THAT(times, SizeIs(1001));
    // The simulated timers are late by some microseconds each, which must not add up.
    EXPECT_LT(times.back() - times.front(), 10'000s + 1ms);
  }
  ASSERT_THAT(store_.current()->members, SizeIs(3));
  EXPECT_EQ(Member(2).name, "m2");
  EXPECT_EQ(Member(2).sampled_at, members_.asked_at[2].back());
  EXPECT_EQ(members_.member_lists, 1);
}

TEST_F(StatusSamplerTest, AHungMemberHoldsUpNoOtherAndIsAskedOnceARound) {
  members_.hung = 1;
  Start();
  RunFor(1s);
  EXPECT_THAT(store_.current()->members, SizeIs(2));
  RunFor(64s);
  EXPECT_THAT(members_.asked_at[1], SizeIs(7));
  EXPECT_THAT(members_.asked_at[0], SizeIs(7));
  EXPECT_FALSE(Member(1).reachable);
  EXPECT_THAT(Member(1).error, HasSubstr("http://etcd-1"));
  EXPECT_TRUE(Member(0).reachable);
}

TEST_F(StatusSamplerTest, NeverHasTwoCallsUnderWayToOneEndpoint) {
  members_.hung = 1;
  members_.lateness = 22s;
  Start();
  RunFor(115s);
  EXPECT_EQ(members_.under_way_most, 1);
  EXPECT_THAT(members_.asked_at[1], SizeIs(4));
}

TEST_F(StatusSamplerTest, AStalledShardSkipsRoundsAndKeepsTheSchedule) {
  Start();
  RunFor(5s);
  scheduler_.Pause();
  RunFor(60s);
  scheduler_.Resume();
  RunFor(20s);
  const std::vector<MonotonicTime>& times = members_.asked_at[0];
  ASSERT_THAT(times, SizeIs(4));
  const auto second = [&](size_t i) {
    return std::chrono::round<std::chrono::seconds>(times[i] - times[0]);
  };
  EXPECT_EQ(second(1), 65s);
  EXPECT_EQ(second(2), 70s);
  EXPECT_EQ(second(3), 80s);
}

TEST_F(StatusSamplerTest, NothingRunsAfterItsEnd) {
  Start();
  sampler_.reset();
  RunFor(60s);
  EXPECT_EQ(store_.current(), nullptr);
  EXPECT_THAT(members_.asked_at[0], SizeIs(1));
}

}  // namespace
}  // namespace bellwether::growth
