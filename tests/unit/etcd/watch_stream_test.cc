#include "etcd/watch_stream.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "etcd/client.h"
#include "etcd/rpc.pb.h"
#include "support/scripted_transport.h"
#include "support/sim_network.h"

namespace bellwether::etcd {
namespace {

using namespace std::chrono_literals;
using etcdserverpb::WatchResponse;

// Does what a test says when it is told something.
class Handler final : public WatchHandler {
 public:
  void OnWatchEvents(const WatchBatch&) override { Told("events"); }
  void OnWatchProgress(const Header&) override { Told("progress"); }
  void OnWatchAlive(MonotonicTime) override { Told("alive"); }
  void OnWatchInterrupted(const Error&) override { Told("interrupted"); }
  void OnWatchLost(const Error&) override { Told("lost"); }
  std::vector<std::string> told;
  std::function<void(const std::string& what)> then = [](const std::string&) {};

 private:
  // `then` may destroy this.
  void Told(const std::string& what) {
    told.push_back(what);
    const auto run = then;
    run(what);
  }
};

class WatchStreamTest : public testing::Test {
 protected:
  WatchRequest Watched(const std::string& key) { return {.key = key, .from = Revision{2}}; }
  // From etcd, on the stream that was opened last.
  void Tell(const WatchResponse& response) {
    ASSERT_NE(transport.streams.back()->sink, nullptr);
    transport.streams.back()->sink->OnStreamMessage(response.SerializeAsString());
  }
  static WatchResponse Created(int64_t id) {
    WatchResponse response;
    response.set_created(true);
    response.set_watch_id(id);
    response.mutable_header()->set_cluster_id(1);
    response.mutable_header()->set_revision(1);
    return response;
  }
  static WatchResponse Event(int64_t id, int64_t revision) {
    WatchResponse response;
    response.set_watch_id(id);
    response.mutable_header()->set_revision(revision);
    response.add_events()->mutable_kv()->set_mod_revision(revision);
    return response;
  }

  SimulatedTime time;
  ScriptedTransport transport{time.scheduler, 1};
  Handler first, second;
};

// Where a token is refused every watch is lost.
TEST_F(WatchStreamTest, AHandlerThatHearsOfTheEndMayEndTheOtherWatches) {
  transport.answer = [](const ScriptedTransport::Call&) {
    return ScriptedTransport::Answer{
        {RpcCode::kInvalidArgument, "etcdserver: authentication failed, invalid user ID"}, {}};
  };
  Client client(time.scheduler, transport,
                {.credentials = {.username = "u", .read_password = [] { return "wrong"; }}});
  std::unique_ptr<Watch> a = client.Watch(Watched("a"), &first);
  std::unique_ptr<Watch> b = client.Watch(Watched("b"), &second);
  first.then = [&](const std::string&) { b.reset(); };
  time.Pass(1s);
  EXPECT_EQ(first.told, std::vector<std::string>{"lost"});
  EXPECT_TRUE(second.told.empty());
}

class EndingTheClientTest : public WatchStreamTest,
                            public testing::WithParamInterface<const char*> {};

// The handler of the first of three watches ends the client while all are being told.
TEST_P(EndingTheClientTest, AHandlerMayEndTheClient) {
  const std::string when = GetParam();
  auto client = std::make_unique<Client>(time.scheduler, transport, ClientOptions{});
  std::vector<std::unique_ptr<Watch>> watches;
  watches.push_back(client->Watch(Watched("a"), &first));
  watches.push_back(client->Watch(Watched("b"), &second));
  time.Pass(10ms);
  first.then = [&](const std::string& what) {
    if (what != when) return;
    watches.clear();
    client.reset();
  };
  Tell(Created(1));
  if (client) Tell(Created(2));
  if (when == "events") Tell(Event(1, 2));
  if (when == "interrupted") {
    transport.streams.back()->sink->OnStreamEnd({RpcCode::kUnavailable, "reset"});
  }
  if (when == "alive") {
    time.Pass(1s);
    watches.push_back(client->Watch(Watched("c"), &second));
    Tell(Created(3));  // proof for the other two
  }
  EXPECT_EQ(client, nullptr);
  EXPECT_EQ(first.told.back(), when);
  const size_t heard = second.told.size();
  time.Pass(10s);
  EXPECT_EQ(second.told.size(), heard) << "nothing is told after the end";
}

INSTANTIATE_TEST_SUITE_P(WatchStreamTest, EndingTheClientTest,
                         testing::Values("progress", "events", "alive", "interrupted"),
                         [](const auto& when) { return std::string(when.param); });

// A member that tells events but never answers a creation has forgotten it.
TEST_F(WatchStreamTest, ACreationWithoutAnAnswerIsGivenUpAlsoOnABusyStream) {
  Client client(time.scheduler, transport, {});
  const auto a = client.Watch(Watched("a"), &first);
  time.Pass(10ms);
  Tell(Created(1));
  const auto b = client.Watch(Watched("b"), &second);
  int64_t revision = 2;
  Nanoseconds waited{0};
  for (; waited < 60s && second.told.empty(); waited += 1s) {
    Tell(Event(1, revision++));
    time.Pass(1s);
  }
  EXPECT_GT(waited, ClientOptions().endpoint_timeout * 2) << "a busy stream has its time";
  EXPECT_LT(waited, 15s);
  EXPECT_EQ(second.told, std::vector<std::string>{"interrupted"});
  time.Pass(1s);
  ASSERT_EQ(transport.streams.size(), 2u);
  Tell(Created(2));
  EXPECT_EQ(second.told.back(), "progress") << "asked for again on another stream";
}

// Twice as long with each silence, so that one is long enough in the end; then it stays.
TEST_F(WatchStreamTest, AnEtcdThatIsSlowAsAWholeIsWaitedFor) {
  sim::SimEtcd etcd{time.world, {.members = 3}};
  sim::SimTransport network{time.world, time.scheduler, etcd, 1};
  for (size_t m = 0; m < 3; ++m) network.SetLink(m, {.down_delay = 3s, .steady = true});
  Client client(time.scheduler, network, {.seed = 1, .endpoint_timeout = 1s});
  const auto a = client.Watch(Watched("a"), &first);
  time.Pass(30s);
  ASSERT_FALSE(first.told.empty());
  const size_t settled = first.told.size();
  time.Pass(60s);
  const auto interrupted = std::count(first.told.begin() + static_cast<ptrdiff_t>(settled),
                                      first.told.end(), "interrupted");
  EXPECT_EQ(interrupted, 0);
  EXPECT_EQ(first.told.back(), "alive");
}

}  // namespace
}  // namespace bellwether::etcd
