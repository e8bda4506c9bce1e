// The server on real sockets: framing, order, late answers, stopping. What clients may take:
// server_limits_test.cc.
#include "http/server.h"

#include <thread>

#include "server_fixture.h"

namespace bellwether::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST_F(ServerTest, TellsTheFreePortThatItFound) {
  Start();
  EXPECT_NE(server_->port(), 0);
  EXPECT_EQ(server_->address(), "127.0.0.1:" + std::to_string(server_->port()));
  RawClient client = Connect();
  client.Get(kLeader);
  const RawResponse response = client.Read();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(nlohmann::json::parse(response.body)["leader"]["id"], "a");
  EXPECT_EQ(response.Field("Content-Type"), "application/json");
  EXPECT_TRUE(response.Field("Date").ends_with(" GMT"));
}

TEST_F(ServerTest, SaysWhyItCannotListen) {
  Start();
  auto second = Server::Start({.listen = server_->address()}, MakeSources());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr(server_->address()));
  EXPECT_THAT(second.error().message, HasSubstr("another process listens there"));
  auto third = Server::Start({.listen = "8080"}, MakeSources());
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Code::kInvalid);
  // TEST-NET-1 (RFC 5737) is no address of this machine.
  auto fourth = Server::Start({.listen = "192.0.2.1:0"}, MakeSources());
  ASSERT_FALSE(fourth);
  EXPECT_THAT(fourth.error().message, HasSubstr("belongs to this machine"));
}

TEST_F(ServerTest, AllAddressesOfIpv6AreThoseOfIpv4Too) {
  options_.listen = "[::]:0";
  auto started = Server::Start(options_, MakeSources());
  if (!started) {  // a machine without IPv6
    EXPECT_THAT(started.error().message, HasSubstr("cannot listen on [::]:0"));
    return;
  }
  server_ = *std::move(started);
  RawClient client = Connect();
  client.Get("/livez");
  EXPECT_EQ(client.Read().body, "ok\n");
}

TEST_F(ServerTest, KeepsAConnectionUntilTheClientDoesNotWantIt) {
  Start();
  RawClient client = Connect();
  for (int i = 0; i < 3; ++i) {
    client.Get(kLeader);
    const RawResponse response = client.Read();
    ASSERT_EQ(response.status, 200);
    EXPECT_EQ(response.Field("Connection"), "keep-alive");
  }
  client.Get(kLeader, "Connection: close\r\n");
  EXPECT_EQ(client.Read().Field("Connection"), "close");
  EXPECT_TRUE(client.Ended());
  EXPECT_EQ(server_->counters().connections_accepted, 1u);
  EXPECT_EQ(server_->counters().answers[2], 4u);

  RawClient old = Connect();
  old.Send("GET /livez HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.Read().body, "ok\n");
  EXPECT_TRUE(old.Ended());
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrderEvenWhenOneIsLate) {
  Start();
  RawClient client = Connect();
  client.Send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET " + std::string(kAskEtcd) +
              " HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\n\r\n\r\n"  // an empty line is ignored
              "GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.Read().body, "ok\n");
  auto answer = NextQuestion();
  std::thread([&] { answer(Word("late")); }).join();
  EXPECT_EQ(client.Read().body, "late\n");
  EXPECT_EQ(client.Read().status, 404);
}

TEST_F(ServerTest, AnswersAClientThatHasClosedItsHalf) {
  Start();
  RawClient client = Connect();
  client.Get(kAskEtcd);
  client.Get("/livez");
  client.HalfClose();
  NextQuestion()(Word("a"));
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(client.Read().body, "ok\n");
  EXPECT_TRUE(client.Ended());
}

TEST_F(ServerTest, SendsNoBodyWhereNoneMayBe) {
  Start();
  RawClient client = Connect();
  client.Send("HEAD " + std::string(kLeader) + " HTTP/1.1\r\nHost: x\r\n\r\n");
  client.Get(kLeader);
  const RawResponse head = client.Read(/*to_head=*/true);
  const RawResponse get = client.Read();
  EXPECT_EQ(head.status, 200);
  ASSERT_EQ(get.status, 200);
  EXPECT_EQ(head.Field("Content-Length"), std::to_string(get.body.size()));
  client.Get(kLeader, "If-None-Match: " + get.Field("ETag") + "\r\n");
  client.Send("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.Read().status, 304);
  EXPECT_EQ(client.Read().status, 204);
  client.Send("HEAD /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.Read(/*to_head=*/true).status, 404);
  client.Get("/livez");
  EXPECT_EQ(client.Read().body, "ok\n");
}

TEST_F(ServerTest, ARefusalAfterHeadHasItsBody) {
  Start();
  RawClient client = Connect();
  client.Send("HEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.Read(/*to_head=*/true).status, 200);
  client.Send("GET /livez HTTP/1.1\r\nX: " + std::string(options_.limits.header_bytes, 'x'));
  EXPECT_THAT(client.Read().body, testing::HasSubstr("header-too-large"));
}

TEST_F(ServerTest, JoinsTheLinesOfAField) {
  Start();
  RawClient client = Connect();
  client.Get(kLeader, "Accept: image/png\r\nAccept: text/plain\r\n");
  EXPECT_EQ(client.Read().body, "a\n");
}

TEST_F(ServerTest, ReadsARequestThatComesByteByByte) {
  Start();
  RawClient client = Connect();
  for (const char c : std::string("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")) client.Send({&c, 1});
  EXPECT_EQ(client.Read().body, "ok\n");
}

TEST_F(ServerTest, DropsABodyAndGoesOnBehindIt) {
  Start();
  RawClient client = Connect();
  client.Get("/livez", "Content-Length: 5\r\n");
  client.Send("GET /");
  EXPECT_EQ(client.Read().body, "ok\n");
  client.Send(
      "GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nGET /\r\n0\r\n\r\n");
  EXPECT_EQ(client.Read().body, "ok\n");
  client.Get("/livez", "Content-Length: 2\r\nExpect: 100-continue\r\n");
  EXPECT_EQ(client.Read().status, 100);
  client.Send("ab");
  EXPECT_EQ(client.Read().body, "ok\n");
}

TEST_F(ServerTest, RedirectsWhoeverHasALargeBodyForTheLeader) {
  auto leader = MakeCandidate("a", 7);
  leader.address = "http://10.0.0.1";
  store_.Publish(MakeElection("batch", "report", {leader}));
  Start();
  const size_t size = options_.limits.body_bytes + 1;
  const std::string head = "POST /v1/elections/batch/report/redirect/jobs HTTP/1.1\r\nHost: x\r\n";
  for (const std::string expects : {"", "Expect: 100-continue\r\n"}) {
    RawClient client = Connect();
    client.Send(head + "Content-Length: " + std::to_string(size) + "\r\n" + expects + "\r\n");
    if (expects.empty()) client.Send(std::string(size, 'b'));
    const RawResponse response = client.Read();
    EXPECT_EQ(response.status, 307);
    EXPECT_EQ(response.Field("Location"), "http://10.0.0.1/jobs");
    EXPECT_EQ(response.Field("Connection"), "close");
  }
}

TEST_F(ServerTest, RefusesAndClosesWhatIsNotHttp) {
  Start();
  const std::pair<const char*, int> cases[] = {
      {"GET /livez HTTP/1.1\r\n\r\n", 400},  // no Host
      {"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET /livez HTTP/2.0\r\nHost: x\r\n\r\n", 505},
      {"GET /livez\r\n\r\n", 400},
      {"\x16\x03\x01\x02\r\n\r\n", 400},  // TLS
      {"GET /livez HTTP/1.1\r\nHost : x\r\n\r\n", 400},
      {"GET /livez HTTP/1.1\r\nHost: x\r\nX: a\x01"
       "b\r\n\r\n",
       400},
      {"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", 400},
      {"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na", 400},
      {"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
      {"GET /livez HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n", 400},
      {"GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n\tchunked\r\n\r\n0\r\n\r\n", 400},
      {"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
       "0\r\n\r\n",
       400},
      {"GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
      {"GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
      {"GET /livez HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400}};
  for (const auto& [request, status] : cases) {
    RawClient client = Connect();
    client.Send(request);
    const RawResponse response = client.Read();
    EXPECT_EQ(response.status, status) << request << "\n" << response.head << response.body;
    EXPECT_EQ(response.Field("Connection"), "close");
    client.HalfClose();
    EXPECT_TRUE(client.Ended()) << request;
  }
}

TEST_F(ServerTest, AnAnswerThatNeverComesIsGivenUpAndALateOneIsDropped) {
  options_.limits.answer_timeout = 50ms;
  Start();
  RawClient client = Connect();
  client.Get(kAskEtcd);
  const RawResponse response = client.Read();
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.Field("Retry-After"), "1");
  auto question = NextQuestion();
  question(Word("late"));
  question(Word("twice"));
  client.Get("/livez");
  EXPECT_EQ(client.Read().body, "ok\n");
}

TEST_F(ServerTest, ALateAnswerFindsNoClientOrNoServer) {
  Start();
  LinearizableCallback second;
  {
    RawClient client = Connect();
    client.Get(kAskEtcd);
    RawClient other = Connect();
    other.Get(kAskEtcd);
    const auto first = NextQuestion();
    second = NextQuestion();
    client.Close();
    first(Word("a"));
    server_->Stop(0ms);
  }
  server_.reset();
  second(Word("a"));
}

TEST_F(ServerTest, StopsGracefullyWithARequestUnderWay) {
  Start();
  RawClient idle = Connect();
  idle.Get("/livez");
  idle.Read();
  RawClient silent = Connect();
  RawClient busy = Connect();
  busy.Get(kAskEtcd);
  const auto question = NextQuestion();
  std::thread stopper([&] { server_->Stop(30s); });
  EXPECT_TRUE(idle.Ended());
  EXPECT_TRUE(silent.Ended());
  EXPECT_FALSE(busy.Readable(0));
  question(Word("a"));
  const RawResponse response = busy.Read();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Field("Connection"), "close");
  busy.Close();
  stopper.join();
  EXPECT_EQ(server_->counters().connections_open, 0u);
  RawClient late;
  EXPECT_FALSE(late.Connect(server_->port()));
}

TEST_F(ServerTest, StopsWhenTheGraceIsOver) {
  Start();
  RawClient busy = Connect();
  busy.Get(kAskEtcd);
  const auto question = NextQuestion();
  server_->Stop(20ms);
  EXPECT_TRUE(busy.Ended());
  server_->Stop(20ms);
  question(Word("a"));
}

TEST_F(ServerTest, ServesManyConnectionsOnBothThreads) {
  Start();
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      RawClient client = Connect();
      for (int j = 0; j < 50; ++j) {
        client.Get(kLeader);
        if (client.Read().status == 200) ++good;
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    store_.Publish(MakeElection("batch", "report", {MakeCandidate("a", 7 + i)}));
    server_->counters();
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 200);
}

}  // namespace
}  // namespace bellwether::http
