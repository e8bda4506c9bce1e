// Waiting calls and event streams on real sockets.
#include <sys/resource.h>

#include "server_fixture.h"
#include "support/eventually.h"

namespace bellwether::http {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kStream = "Accept: text/event-stream\r\n";

class ServerWatchTest : public ServerTest {
 protected:
  ServerWatchTest() { Freshen(10); }

  void Freshen(int64_t revision) {
    store_.SetFreshness({.loaded = true,
                         .revision = {revision},
                         .absent_since = {5},
                         .listed_at = {5},
                         .as_of = BootClock::now() + 1h,
                         .watching = true,
                         .cluster_id = 7});
  }
  void Lead(const std::string& id, int64_t revision, const std::string& name = "report") {
    store_.Publish(MakeElection("batch", name, {MakeCandidate(id, revision)}));
    Freshen(revision);
  }
  bool Watching(size_t count) {
    return Eventually([&] { return server_->counters().watchers_open == count; });
  }
  // A stream whose head has been read.
  RawClient Stream(const std::string& target = kLeader, const std::string& fields = "") {
    RawClient client = Connect();
    client.Get(target, kStream + fields);
    const RawResponse head = client.Read();
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.Field("Content-Type"), "text/event-stream");
    EXPECT_EQ(head.Field("Content-Length"), "");
    EXPECT_EQ(head.Field("Connection"), "close");
    EXPECT_THAT(client.ReadBlock(), HasSubstr("retry: "));
    return client;
  }
};

constexpr const char* kWait = "/v1/elections/batch/report/leader?wait=5m&index=7";

TEST_F(ServerWatchTest, AWaitingCallIsAnsweredByTheChangeAndItsConnectionGoesOn) {
  Start();
  RawClient client = Connect();
  client.Get(kWait);
  ASSERT_TRUE(Watching(1));
  Lead("b", 20);
  const RawResponse response = client.Read();
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr("\"id\":\"b\""));
  EXPECT_EQ(response.Field("X-Bellwether-Index"), "20");
  ASSERT_TRUE(Watching(0));
  client.Get("/v1/elections/batch/report/leader?wait=5m&index=20");
  ASSERT_TRUE(Watching(1));
  Lead("c", 21);
  EXPECT_THAT(client.Read().body, HasSubstr("\"id\":\"c\""));
  client.Get("/livez");
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(ServerWatchTest, AWaitThatIsOverIsAnsweredWithWhatIs) {
  Start();
  RawClient client = Connect();
  client.Get("/v1/elections/batch/report/leader?wait=50ms&index=7");
  EXPECT_THAT(client.Read().body, HasSubstr("\"id\":\"a\""));
  // The next request was sent while the first one waited.
  client.Send(
      "GET /v1/elections/batch/report/leader?wait=50ms&index=7 HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(client.Read().body, "ok\n");
}

TEST_F(ServerWatchTest, AReplicaThatIsBehindSaysThatItIsStale) {
  Start();
  RawClient client = Connect();
  client.Get("/v1/elections/batch/report/leader?wait=5m&index=99");
  const RawResponse response = client.Read();
  EXPECT_EQ(response.Field("X-Bellwether-Stale"), "true");
  EXPECT_EQ(response.Field("X-Bellwether-Index"), "7");
}

TEST_F(ServerWatchTest, WhoGoesIsNoticedWhileItWaits) {
  Start();
  for (const bool stream : {false, true}) {
    RawClient closes = Connect();
    RawClient half = Connect();
    for (RawClient* client : {&closes, &half}) client->Get(kWait, "");
    if (stream) {
      RawClient s = Stream();
      ASSERT_TRUE(Watching(3));
    }
    ASSERT_TRUE(Watching(2)) << "the stream's client is gone";
    closes.Close();
    ASSERT_TRUE(Watching(1));
    half.HalfClose();
    ASSERT_TRUE(Watching(0));
  }
  EXPECT_TRUE(Eventually([&] { return server_->counters().connections_open == 0; }));
}

// The server closes a connection at the moment at which it lives on as a stream.
TEST_F(ServerWatchTest, AStreamThatIsBornWhileTheServerStopsHarmsNobody) {
  for (int i = 0; i < 50; ++i) {
    Start();
    RawClient client = Stream();
    server_->Stop(Milliseconds(0));
  }
}

// What it is to be told is on a page that comes after pages with nothing for it.
TEST_F(ServerWatchTest, AStreamThatResumesAmongManyIsToldTheLastOfThem) {
  for (int i = 0; i < 3000; ++i) {
    store_.Publish(MakeElection("batch", "e" + std::to_string(i), {MakeCandidate("a", 8)}));
  }
  Lead("b", 12, "zzz");
  Start();
  RawClient stream = Stream("/v1/watch", "Last-Event-ID: 11-7\r\n");
  EXPECT_THAT(stream.ReadBlock(), HasSubstr("\"election\":\"batch/zzz\""));
  EXPECT_THAT(stream.ReadBlock(), HasSubstr("event: sync"));
}

TEST_F(ServerWatchTest, BoundsTheWatchersAndStillAnswersTheOthers) {
  options_.limits.watchers = 2;
  Start();
  RawClient waits = Connect();
  waits.Get(kWait);
  RawClient stream = Stream();
  ASSERT_TRUE(Watching(2));
  for (const char* fields : {"", kStream}) {
    RawClient refused = Connect();
    refused.Get(*fields == '\0' ? kWait : kLeader, fields);
    const RawResponse response = refused.Read();
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.Field("Retry-After"), "1");
    EXPECT_THAT(response.body, HasSubstr("overloaded"));
    refused.Get(kLeader);
    EXPECT_EQ(refused.Read().status, 200);
  }
  EXPECT_EQ(server_->counters().watchers_refused, 2u);
  stream.Close();
  ASSERT_TRUE(Watching(1));
  Stream();
}

TEST_F(ServerWatchTest, DrainingAnswersWhoWaitsAndEndsStreams) {
  Start();
  RawClient waits = Connect();
  waits.Get(kWait);
  RawClient stream = Stream();
  EXPECT_THAT(stream.ReadBlock(), HasSubstr("event: leader"));
  ASSERT_TRUE(Watching(2));
  server_->Stop(60s);
  const RawResponse response = waits.Read();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Field("Connection"), "close");
  waits.HalfClose();
  EXPECT_TRUE(waits.Ended());
  EXPECT_TRUE(stream.Ended());
}

TEST_F(ServerWatchTest, AStreamTellsWhatIsThenEachChangeAndResumes) {
  Start();
  RawClient client = Stream();
  std::string block = client.ReadBlock();
  EXPECT_THAT(block, HasSubstr("id: 7\nevent: leader\ndata: {\"election\":\"batch/report\""));
  EXPECT_THAT(block, HasSubstr("\"id\":\"a\""));
  Lead("b", 20);
  block = client.ReadBlock();
  EXPECT_THAT(block, HasSubstr("id: 20\n"));
  EXPECT_THAT(block, HasSubstr("\"id\":\"b\""));
  EXPECT_TRUE(Eventually([&] { return server_->counters().events_sent == 2; }));
  client.Close();
  RawClient resumed = Stream(kLeader, "Last-Event-ID: 20\r\n");
  ASSERT_TRUE(Watching(1));
  Lead("c", 21);
  EXPECT_THAT(resumed.ReadBlock(), HasSubstr("id: 21\n")) << "nothing is told twice";
}

TEST_F(ServerWatchTest, OneStreamTellsOfManyElections) {
  store_.Publish(MakeElection("other", "x", {MakeCandidate("o", 8)}));
  Start();
  RawClient client = Stream("/v1/watch?namespace=batch");
  EXPECT_EQ(client.ReadBlock(), "id:\nevent: reset\ndata: {}\n\n");
  EXPECT_THAT(client.ReadBlock(), HasSubstr("\"election\":\"batch/report\""));
  EXPECT_EQ(client.ReadBlock(), "event: sync\ndata: {\"revision\":10}\n\n");
  EXPECT_THAT(client.ReadBlock(), AllOf(HasSubstr("event: freshness"), HasSubstr("stale\":false")));
  store_.Publish(MakeElection("other", "x", {MakeCandidate("p", 11)}));
  Lead("n", 12, "new");
  EXPECT_THAT(client.ReadBlock(), HasSubstr("\"election\":\"batch/new\""));
  client.Close();
  RawClient resumed = Stream("/v1/watch", "Last-Event-ID: 10-7\r\n");
  EXPECT_THAT(resumed.ReadBlock(), HasSubstr("\"election\":\"batch/new\""));
  EXPECT_THAT(resumed.ReadBlock(), HasSubstr("\"election\":\"other/x\""));
  EXPECT_THAT(resumed.ReadBlock(), HasSubstr("event: sync"));
}

TEST_F(ServerWatchTest, ASlowReaderIsCutAndHoldsNobodyUp) {
  options_.limits.write_timeout = 300ms;
  Start();
  RawClient slow(4096);
  ASSERT_TRUE(slow.Connect(server_->port()));
  slow.Get("/v1/watch", kStream);
  RawClient quick = Stream();
  ASSERT_TRUE(Watching(2));
  // More than the kernel keeps for who does not read.
  int64_t revision = 100;
  EXPECT_TRUE(Eventually([&] {
    for (int i = 0; i < 200; ++i) {
      auto candidate = MakeCandidate("b", ++revision);
      candidate.value = std::string(16000, 'v');
      store_.Publish(MakeElection("batch", "e" + std::to_string(i), {candidate}));
    }
    Freshen(revision);
    return server_->counters().watchers_cut == 1;
  }));
  ASSERT_TRUE(Watching(1));
  Lead("last", ++revision);
  std::string block;
  while (block.find("\"last\"") == std::string::npos) {
    block = quick.ReadBlock();
    ASSERT_NE(block, "");
  }
}

TEST_F(ServerWatchTest, WhatAStreamsClientSendsIsDroppedToAnEnd) {
  Start();
  RawClient client = Stream();
  EXPECT_THAT(client.ReadBlock(), HasSubstr("id: 7\n"));
  client.Send("\r\n");
  Lead("b", 20);
  EXPECT_THAT(client.ReadBlock(), HasSubstr("id: 20\n"));
  client.Send(std::string(100000, 'x'));
  EXPECT_TRUE(Watching(0));
}

TEST_F(ServerWatchTest, AThousandHearOfOneChange) {
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
  constexpr size_t kWatchers = 1000;
  options_.limits.connections = options_.limits.watchers = 2 * kWatchers;
  Start();
  std::vector<RawClient> streams;
  std::vector<RawClient> waiting;
  for (size_t i = 0; i < kWatchers / 2; ++i) {
    streams.push_back(Connect());
    streams.back().Get(std::string(kLeader) + "?index=7", kStream);
    waiting.push_back(Connect());
    waiting.back().Get(kWait);
  }
  ASSERT_TRUE(Watching(kWatchers));
  Lead("b", 20);
  for (RawClient& client : waiting) EXPECT_EQ(client.Read().Field("X-Bellwether-Index"), "20");
  for (RawClient& client : streams) {
    client.Read();
    EXPECT_THAT(client.ReadBlock(), HasSubstr("retry: "));
    EXPECT_THAT(client.ReadBlock(), HasSubstr("id: 20\n"));
  }
}

}  // namespace
}  // namespace bellwether::http
