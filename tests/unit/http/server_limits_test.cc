// What clients may take from the server, on real sockets. Timeouts are short here; nothing is
// asserted about how soon they come.
#include <sys/resource.h>

#include "server_fixture.h"
#include "support/eventually.h"

namespace bellwether::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST_F(ServerTest, BoundsTheHeader) {
  Start();
  const auto answer_to = [&](const std::string& request) {
    RawClient client = Connect();
    client.Send(request);
    const RawResponse response = client.Read();
    client.HalfClose();
    EXPECT_TRUE(client.Ended());
    return response.status;
  };
  const std::string cookie = "GET /livez HTTP/1.1\r\nHost: x\r\nCookie: ";
  const std::string end = "\r\n\r\n";
  const size_t room = options_.limits.header_bytes - cookie.size() - end.size();
  RawClient good = Connect();
  good.Send(cookie + std::string(room, 'c') + end);
  EXPECT_EQ(good.Read().status, 200);
  EXPECT_EQ(answer_to(cookie + std::string(room + 1, 'c') + end), 431);
  EXPECT_EQ(answer_to(cookie + std::string(1 << 20, 'c')), 431);
  std::string many = "GET /livez HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 5000; ++i) many += "A: b\r\n";
  EXPECT_EQ(answer_to(many + "\r\n"), 431);
}

TEST_F(ServerTest, NewLimitsCountForNewConnectionsAndForWatchersAtOnce) {
  options_.limits.connections = 1;
  Start();
  RawClient first = Connect();
  const auto status = [](RawClient& client, const std::string& target) {
    client.Get(target);
    return client.Read().status;
  };
  EXPECT_EQ(status(first, kLeader), 200);
  RawClient refused = Connect();
  EXPECT_EQ(status(refused, kLeader), 503);

  Limits wider = options_.limits;
  wider.connections = 10;
  wider.target_bytes = 100;
  wider.watchers = 0;
  wider.linearizable_reads = 0;
  server_->SetLimits(wider);
  RawClient second = Connect();
  const std::string long_target = "/" + std::string(200, 'a');
  EXPECT_EQ(status(second, long_target), 414);
  EXPECT_EQ(status(first, long_target), 404) << "it keeps what it began with";
  EXPECT_EQ(status(first, std::string(kLeader) + "?index=1000&wait=5m"), 503);
  EXPECT_EQ(status(first, kAskEtcd), 503);
  EXPECT_EQ(status(first, kLeader), 200) << "nobody is cut off";
  wider.watchers = 1;
  server_->SetLimits(wider);
  first.Get("/v1/watch", "Accept: text/event-stream\r\n");
  EXPECT_EQ(first.Read().status, 200);
}

TEST_F(ServerTest, BoundsTheTarget) {
  Start();
  RawClient good = Connect();
  good.Get("/" + std::string(options_.limits.target_bytes - 1, 'a'));
  EXPECT_EQ(good.Read().status, 404);
  for (const size_t size : {options_.limits.target_bytes, size_t{1} << 20}) {
    RawClient client = Connect();
    client.Get("/" + std::string(size, 'a'));
    EXPECT_EQ(client.Read().status, 414) << size;
  }
}

TEST_F(ServerTest, BoundsTheBody) {
  Start();
  const size_t limit = options_.limits.body_bytes;
  RawClient good = Connect();
  good.Get("/livez", "Content-Length: " + std::to_string(limit) + "\r\n");
  good.Send(std::string(limit, 'b'));
  EXPECT_EQ(good.Read().status, 200);

  RawClient announced = Connect();
  announced.Get("/livez", "Content-Length: " + std::to_string(limit + 1) + "\r\n");
  EXPECT_EQ(announced.Read().status, 413);
  RawClient endless = Connect();
  endless.Get("/livez", "Content-Length: 99999999999999999999999\r\n");
  EXPECT_EQ(endless.Read().status, 400);
  RawClient chunked = Connect();
  chunked.Get("/livez", "Transfer-Encoding: chunked\r\n");
  for (size_t sent = 0; sent <= limit; sent += 1024) {
    chunked.Send("400\r\n" + std::string(1024, 'b') + "\r\n");
  }
  EXPECT_EQ(chunked.Read().status, 413);
  RawClient extension = Connect();
  extension.Get("/livez", "Transfer-Encoding: chunked\r\n");
  extension.Send("1;" + std::string(20000, 'x'));
  EXPECT_EQ(extension.Read().status, 400);
}

TEST_F(ServerTest, CutsAHeaderThatComesTooSlowly) {
  options_.limits.header_timeout = 200ms;
  Start();
  RawClient client = ConnectInTime([](RawClient& made) {
    made.Get("/livez");
    return made.Read().status == 200;
  });
  const uint64_t cut_before = server_->counters().connections_timed_out;
  client.Send("GET /livez HTTP/1.1\r\nHost: x\r\n");
  // A byte of a never-ending field each few milliseconds would keep an inactivity timer happy for
  // ever.
  while (!client.Readable(5)) {
    if (!client.Send("a")) break;
  }
  EXPECT_TRUE(client.Ended());
  EXPECT_TRUE(
      Eventually([&] { return server_->counters().connections_timed_out == cut_before + 1; }));
}

TEST_F(ServerTest, CutsWhoSendsNothingOrOnlyEmptyLinesOrHalfABody) {
  options_.limits.header_timeout = 200ms;
  Start();
  RawClient silent = Connect();
  RawClient lines = Connect();
  RawClient half = Connect();
  half.Get("/livez", "Content-Length: 10\r\n");
  half.Send("12345");
  while (!lines.Readable(5)) {
    if (!lines.Send("\r\n")) break;
  }
  EXPECT_TRUE(lines.Ended());
  EXPECT_TRUE(silent.Ended());
  EXPECT_TRUE(half.Ended());
}

TEST_F(ServerTest, CutsIdleConnections) {
  options_.limits.idle_timeout = 100ms;
  Start();
  RawClient client = Connect();
  client.Get("/livez");
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_TRUE(client.Ended());
}

TEST_F(ServerTest, RefusesConnectionsBeyondTheLimitAndServesAgain) {
  options_.limits.connections = 2;
  Start();
  std::vector<RawClient> held;
  for (int i = 0; i < 2; ++i) {
    held.push_back(Connect());
    held.back().Get("/livez");
    ASSERT_EQ(held.back().Read().status, 200);
  }
  RawClient probe = Connect();
  probe.Get("/livez");
  EXPECT_EQ(probe.Read().status, 200) << "that this replica is busy is no reason to restart it";
  EXPECT_TRUE(probe.Ended());
  RawClient refused = Connect();
  refused.Get("/readyz");
  const RawResponse response = refused.Read();
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.Field("Retry-After"), "1");
  EXPECT_THAT(response.body, HasSubstr("overloaded"));
  refused.HalfClose();
  EXPECT_TRUE(refused.Ended());
  EXPECT_EQ(server_->counters().connections_refused, 2u);
  held[0].Get("/livez");
  EXPECT_EQ(held[0].Read().status, 200) << "those who are in stay in";
  held.clear();
  EXPECT_TRUE(Eventually([&] {
    RawClient again = Connect();
    again.Get("/livez");
    return again.Read().status == 200;
  }));
}

TEST_F(ServerTest, AProbeBeyondTheLimitMustBeShort) {
  options_.limits.connections = 1;
  options_.limits.header_timeout = 200ms;
  options_.limits.answer_timeout = 10min;  // no time-out ends who waits for etcd
  Start();
  RawClient held = ConnectInTime([this](RawClient& made) {
    made.Get(kAskEtcd);
    return Eventually([&] { return Asked() || made.Readable(0); }) && Asked();
  });
  RawClient silent = Connect();
  const RawClient refused = ConnectInTime([](RawClient& made) {
    made.Get("/livez", "Content-Length: 5\r\n");
    return made.Read().status == 503;
  });
  EXPECT_TRUE(silent.Ended());
}

TEST_F(ServerTest, AFloodBeyondTheLimitIsClosedWithoutAWord) {
  options_.limits.connections = 1;
  options_.limits.header_timeout = 60s;  // the one that is in stays in
  Start();
  std::vector<RawClient> flood;
  for (int i = 0; i < 100; ++i) flood.push_back(Connect());
  EXPECT_TRUE(Eventually([&] { return server_->counters().connections_accepted == 100; }));
  EXPECT_EQ(server_->counters().connections_refused, 99u);
  EXPECT_LE(server_->counters().connections_open, 65u);
}

TEST_F(ServerTest, CutsASlowReader) {
  options_.limits.write_timeout = 200ms;
  metrics_bytes_ = 32 << 20;
  Start();
  RawClient client(4096);
  ASSERT_TRUE(client.Connect(server_->port()));
  client.Get("/metrics");
  EXPECT_TRUE(Eventually([&] {
    return server_->counters().connections_timed_out == 1 &&
           server_->counters().connections_open == 0;
  }));
  EXPECT_EQ(client.Read().status, 0) << "the whole answer must not have fitted into the kernel";
}

TEST_F(ServerTest, BoundsTheAnswersThatWaitForTheirReaders) {
  options_.limits.bytes_under_way = 48 << 20;
  metrics_bytes_ = 32 << 20;
  Start();
  {
    RawClient slow(4096);
    ASSERT_TRUE(slow.Connect(server_->port()));
    slow.Get("/metrics");
    ASSERT_TRUE(slow.Readable(30000));
    RawClient other = Connect();
    other.Get("/metrics");
    const RawResponse refused = other.Read();
    EXPECT_EQ(refused.status, 503);
    EXPECT_THAT(refused.body, HasSubstr("overloaded"));
    other.Get(kLeader);
    EXPECT_EQ(other.Read().status, 200) << "small answers are not held up";
  }
  EXPECT_TRUE(Eventually([&] {
    RawClient again = Connect();
    again.Get("/metrics");
    return again.Read().status == 200;
  }));
}

// Not with UBSan (it comes with ASan here): its check of a vptr opens a pipe to see whether the
// object can be read, and without a descriptor for that it reports a fault that is none.
#ifndef __SANITIZE_ADDRESS__
TEST_F(ServerTest, RunningOutOfFileDescriptorsNeitherEndsNorSpinsAccepting) {
  Start();
  std::vector<RawClient> clients(10);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  // The lowest free descriptor is the first one that the server would get.
  const int free_fd = dup(0);
  ASSERT_GE(free_fd, 0);
  close(free_fd);
  rlimit none_left = before;
  none_left.rlim_cur = static_cast<rlim_t>(free_fd);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none_left), 0);
  for (RawClient& client : clients) {
    ASSERT_TRUE(client.Connect(server_->port()));  // the kernel takes them
    client.Get("/livez");
  }
  const MonotonicTime from = BootClock::now();
  const bool tried_again = Eventually([&] { return server_->counters().accept_failures >= 5; });
  const uint64_t failures = server_->counters().accept_failures;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(BootClock::now() - from).count();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(tried_again);
  EXPECT_LE(failures, static_cast<uint64_t>(10 * seconds + 10)) << "at most ten a second";
  for (RawClient& client : clients) EXPECT_EQ(client.Read().status, 200);
}
#endif

}  // namespace
}  // namespace bellwether::http
