#include "etcd/caller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/codec.h"
#include "etcd/rpc.pb.h"
#include "support/scripted_transport.h"
#include "support/sim_network.h"

namespace bellwether::etcd {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// An etcd with one user, whose password is "right".
class RefusedPasswordTest : public testing::Test {
 protected:
  RefusedPasswordTest() {
    transport.answer = [](const ScriptedTransport::Call& call) -> ScriptedTransport::Answer {
      etcdserverpb::AuthenticateRequest who;
      if (!call.method.ends_with("Authenticate")) return {{}, {}};
      if (!who.ParseFromString(call.request) || who.password() != "right") {
        return {{RpcCode::kInvalidArgument,
                 "etcdserver: authentication failed, invalid user ID or password"},
                {}};
      }
      etcdserverpb::AuthenticateResponse token;
      token.set_token("token");
      return {{}, token.SerializeAsString()};
    };
  }

  // One call each tenth of a second.
  void CallFor(Nanoseconds span) {
    for (Nanoseconds passed{0}; passed < span; passed += 100ms) {
      caller.Start({.method = "/etcdserverpb.KV/Range"}, [this](const Result<Caller::Reply>& got) {
        got.ok() ? ++answered : ++refused;
        if (!got.ok()) why = got.error();
      });
      time.Pass(100ms);
    }
  }

  SimulatedTime time;
  ScriptedTransport transport{time.scheduler, 1};
  std::string password = "wrong";
  Caller caller{time.scheduler,
                transport,
                {.credentials = {.username = "user", .read_password = [this] { return password; }},
                 .seed = 7}};
  int answered = 0, refused = 0;
  Error why;
};

TEST_F(RefusedPasswordTest, IsNotTriedWithEachCall) {
  CallFor(5min);
  EXPECT_EQ(answered, 0);
  EXPECT_EQ(refused, 3000) << "each hears of it all the same, at once";
  EXPECT_EQ(why.code, Code::kPermission);
  EXPECT_THAT(why.message, HasSubstr("invalid user ID or password"));
  // 1, 2, 4, 8, 16 s, then 30 s at a time; half of each at the least.
  EXPECT_GE(transport.Asked("Authenticate"), 10u);
  EXPECT_LE(transport.Asked("Authenticate"), 30u);
}

TEST_F(RefusedPasswordTest, AnotherPasswordIsTriedAtOnce) {
  CallFor(2min);
  password = "right";
  CallFor(1s);
  EXPECT_EQ(answered, 10);
}

TEST_F(RefusedPasswordTest, IsTriedAgainWhenItMayHaveBeenMadeRightInEtcd) {
  CallFor(2min);
  transport.answer = [](const ScriptedTransport::Call&) -> ScriptedTransport::Answer {
    etcdserverpb::AuthenticateResponse token;
    token.set_token("token");
    return {{}, token.SerializeAsString()};
  };
  CallFor(31s);
  EXPECT_GT(answered, 0);
}

TEST(CallerTest, WhereAuthenticationIsSwitchedOffItAsksForATokenOnce) {
  SimulatedTime time;
  ScriptedTransport transport{time.scheduler, 1};
  bool off = true;
  transport.answer = [&](const ScriptedTransport::Call& call) -> ScriptedTransport::Answer {
    if (!call.method.ends_with("Authenticate")) {
      if (off || call.options.token == "token") return {{}, {}};
      return {{RpcCode::kInvalidArgument, "etcdserver: user name is empty"}, {}};
    }
    if (off) {
      return {{RpcCode::kFailedPrecondition, "etcdserver: authentication is not enabled"}, {}};
    }
    etcdserverpb::AuthenticateResponse token;
    token.set_token("token");
    return {{}, token.SerializeAsString()};
  };
  Caller caller{time.scheduler,
                transport,
                {.credentials = {.username = "user", .read_password = [] { return "right"; }}}};
  int answered = 0;
  const auto call = [&](int times) {
    for (int i = 0; i < times; ++i) {
      caller.Start({.method = "/etcdserverpb.KV/Range"},
                   [&](const Result<Caller::Reply>& got) { answered += got.ok() ? 1 : 0; });
      time.Pass(1s);
    }
  };
  call(10);
  EXPECT_EQ(answered, 10);
  EXPECT_EQ(transport.Asked("Authenticate"), 1u);
  off = false;
  call(10);
  EXPECT_EQ(answered, 20);
  EXPECT_EQ(transport.Asked("Authenticate"), 2u);
}

// Every endpoint answers a read after 3 s, and has 1 s at first.
TEST(CallerTest, AReadReachesAnEtcdThatIsSlowAsAWhole) {
  sim::World world{1};
  sim::SimEtcd etcd{world, {.members = 3}};
  sim::SimScheduler scheduler{world, {}};
  sim::SimTransport transport{world, scheduler, etcd, 1};
  for (size_t m = 0; m < 3; ++m) transport.SetLink(m, {.down_delay = 3s, .steady = true});
  Caller caller{scheduler, transport, {.seed = 1, .endpoint_timeout = 1s}};
  std::optional<Result<Caller::Reply>> read;
  RangeRequest any{.key = "a"};
  caller.Start({.method = "/etcdserverpb.KV/Range", .request = Encode(any), .timeout = 15s},
               [&](Result<Caller::Reply> got) { read = std::move(got); });
  world.RunUntil(world.now() + 20s, [] { return false; });
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(read->ok()) << read->error().message;
}

}  // namespace
}  // namespace bellwether::etcd
