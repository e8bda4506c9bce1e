// Three members: keepalives go to the raft leader, and a member that dies, stops, or falls silent
// is left within seconds, without a gap or a duplicate in what a watch is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>

#include "support/eventually.h"
#include "support/tcp_proxy.h"
#include "wire/client/calls.h"

namespace bellwether::etcd {
namespace {

using test::TcpProxy;

size_t LeaderOf(Shard& shard) {
  std::optional<size_t> leader;
  const bool found = Eventually([&] {
    for (size_t i = 0; i < shard.client().endpoint_count() && !leader; ++i) {
      const auto status = shard.Ask<StatusResponse>(
          [&](auto done) { shard.client().Status(i, {.timeout = 5s}, done); });
      if (status.ok() && status->leader == status->header.member_id) leader = i;
    }
    return leader.has_value();
  });
  EXPECT_TRUE(found);
  return leader.value_or(0);
}

void MoveLeader(const EtcdServer& etcd, Shard& shard, size_t from, size_t to) {
  const auto next = shard.Ask<StatusResponse>(
      [&](auto done) { shard.client().Status(to, {.timeout = 20s}, done); });
  ASSERT_TRUE(next.ok());
  const auto id = static_cast<int64_t>(next->header.member_id);
  etcd.EtcdctlAt(from, "move-leader " + LeaseId{id}.Hex());
  ASSERT_EQ(LeaderOf(shard), to);
}

// How many keepalives a member has received from clients.
int KeepalivesAt(const EtcdServer& etcd, size_t member) {
  const std::string metrics = etcd.Metrics(member);
  const std::string wanted = "grpc_server_msg_received_total{grpc_method=\"LeaseKeepAlive\"";
  const size_t line = metrics.find(wanted);
  if (line == std::string::npos) return 0;
  return std::stoi(metrics.substr(metrics.find('}', line) + 1));
}

class Kept {
 public:
  Kept(Shard& shard, Milliseconds ttl) : shard_(shard) {
    const auto lease = Grant(shard, ttl);
    EXPECT_TRUE(lease.ok());
    shard_.Sync([&] { kept_ = shard_.client().KeepAlive(lease->id, lease->ttl, &told); });
  }
  ~Kept() {
    shard_.Sync([&] { kept_.reset(); });
  }
  LeaseRecorder told;

 private:
  Shard& shard_;
  std::unique_ptr<KeptLease> kept_;
};

TEST(MembersWireTest, KeepalivesGoToTheRaftLeaderAndFollowItWhenItMoves) {
  EtcdServer etcd({.members = 3});
  Shard shard(etcd.endpoints());
  ASSERT_TRUE(Put(shard, "a", "1").ok());
  Kept lease(shard, 3s);
  for (int moves = 0; moves < 2; ++moves) {
    const size_t leader = LeaderOf(shard);
    // Wherever the first ones went, in the end three in a row reach the leader and nobody else.
    const auto others = [&] {
      return KeepalivesAt(etcd, (leader + 1) % 3) + KeepalivesAt(etcd, (leader + 2) % 3);
    };
    EXPECT_TRUE(Eventually([&] {
      const int at_leader = KeepalivesAt(etcd, leader);
      const int elsewhere = others();
      const int renewed = lease.told.renewed;
      if (!Eventually([&] { return lease.told.renewed >= renewed + 3; })) return false;
      return KeepalivesAt(etcd, leader) >= at_leader + 3 && others() == elsewhere;
    })) << "after "
        << moves << " moves of the leader";
    if (moves > 0) break;
    MoveLeader(etcd, shard, leader, (leader + 1) % 3);
  }
  EXPECT_EQ(lease.told.gone, 0);
}

TEST(MembersWireTest, ALeaseOutlivesTheLeaderThatItsKeepalivesWentTo) {
  EtcdServer etcd({.members = 3});
  Shard shard(etcd.endpoints());
  ASSERT_TRUE(Put(shard, "a", "1").ok());
  Kept lease(shard, 6s);
  ASSERT_TRUE(Eventually([&] { return lease.told.renewed >= 1; }));
  const size_t leader = LeaderOf(shard);
  etcd.Signal(leader, SIGSTOP);
  const int renewed = lease.told.renewed;
  EXPECT_TRUE(Eventually([&] { return lease.told.renewed >= renewed + 4; }));
  EXPECT_EQ(lease.told.gone, 0);
  etcd.Signal(leader, SIGCONT);
}

TEST(MembersWireTest, AStoppedMemberIsLeftForAnotherOne) {
  EtcdServer etcd({.members = 3});
  // Only the first two are named, so that a third one keeps the quorum.
  Shard shard(etcd.endpoint(0) + "," + etcd.endpoint(1));
  const auto start = Put(shard, "s", "0");
  ASSERT_TRUE(start.ok());
  Recorder told;
  const Watching watch(shard, {.key = "s", .range_end = {}, .from = start->header.revision.Next()},
                       &told);
  ASSERT_TRUE(Eventually([&] { return told.progress > 0; }));
  for (const size_t member : {size_t{0}, size_t{1}}) {
    etcd.Signal(member, SIGSTOP);
    const auto read = Get(shard, "s", 30s);
    EXPECT_TRUE(read.ok()) << read.error().message;
    etcd.Signal(member, SIGCONT);
  }
  ASSERT_TRUE(Eventually([&] { return Put(shard, "s", "1").ok(); }));
  EXPECT_TRUE(Eventually([&] { return !told.events().empty(); }));
}

// A watch through a proxy in front of each of two members; the third one leads, keeps the quorum
// and takes the writes.
class WatchOverThreeMembersTest : public testing::Test {
 protected:
  WatchOverThreeMembersTest() {
    Shard all(etcd.endpoints());
    const size_t leader = LeaderOf(all);
    if (leader != 2) MoveLeader(etcd, all, leader, 2);
    const auto start = Put(writer, "w/0", "");
    EXPECT_TRUE(start.ok());
    watch.emplace(
        shard, WatchRequest{.key = "w/", .range_end = "w0", .from = start->header.revision.Next()},
        &told);
    EXPECT_TRUE(Eventually([&] { return told.progress > 0; }));
    WriteAndExpect(5);
  }
  ~WatchOverThreeMembersTest() override { watch.reset(); }

  // Writes so many keys and waits until the watch has told each one once, in order.
  void WriteAndExpect(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(Put(writer, "w/" + std::to_string(++written), "").ok());
    }
    ASSERT_TRUE(Eventually([&] { return told.events().size() >= static_cast<size_t>(written); }));
    const auto events = told.events();
    ASSERT_EQ(events.size(), static_cast<size_t>(written));
    for (int i = 1; i <= written; ++i) EXPECT_EQ(events[i - 1].kv.key, "w/" + std::to_string(i));
    EXPECT_FALSE(told.lost().has_value());
  }
  // The member that the watch hangs on.
  size_t InUse() { return proxies[0]->connections() > 0 ? 0 : 1; }

  EtcdServer etcd{{.members = 3}};
  std::unique_ptr<TcpProxy> proxies[2] = {std::make_unique<TcpProxy>(etcd.endpoint(0)),
                                          std::make_unique<TcpProxy>(etcd.endpoint(1))};
  Shard shard{proxies[0]->url() + "," + proxies[1]->url()};
  Shard writer{etcd.endpoint(2)};
  Recorder told;
  std::optional<Watching> watch;
  int written = 0;
};

TEST_F(WatchOverThreeMembersTest, GoesOnWhenItsMemberIsKilled) {
  etcd.Kill(InUse());
  WriteAndExpect(20);
}

TEST_F(WatchOverThreeMembersTest, GoesOnWhenItsMemberStops) {
  const size_t member = InUse();
  etcd.Signal(member, SIGSTOP);
  WriteAndExpect(20);
  etcd.Signal(member, SIGCONT);
  WriteAndExpect(5);
}

TEST_F(WatchOverThreeMembersTest, GoesOnWhenItsConnectionFallsSilent) {
  TcpProxy& proxy = *proxies[InUse()];
  proxy.Silence();
  WriteAndExpect(20);
  proxy.Heal();
  WriteAndExpect(5);
}

TEST_F(WatchOverThreeMembersTest, GoesOnWhenOnlyItsStreamFallsSilent) {
  TcpProxy& proxy = *proxies[InUse()];
  proxy.StallOpenStreams();
  ASSERT_TRUE(Put(writer, "other", "").ok());
  WriteAndExpect(20);
  EXPECT_GT(proxy.dropped(), 0);
}

// Data that nobody acknowledges ends a connection after 3 s, not after the kernel's quarter of an
// hour.
TEST(ConnectionTest, HasATcpUserTimeout) {
  EtcdServer etcd;
  const TcpProxy proxy(etcd.endpoint(0));
  Shard shard(proxy.url());
  ASSERT_TRUE(Put(shard, "a", "1").ok());
  int found = 0;
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_in6 peer{};  // gRPC's sockets are of IPv6; of IPv4 the port stands in the same place
    socklen_t size = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0 ||
        (peer.sin6_family != AF_INET6 && peer.sin6_family != AF_INET) ||
        ntohs(peer.sin6_port) != proxy.port()) {
      continue;
    }
    unsigned timeout_ms = 0;
    size = sizeof timeout_ms;
    ASSERT_EQ(getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, &size), 0);
    EXPECT_EQ(timeout_ms, 3000u);
    ++found;
  }
  EXPECT_EQ(found, 1);
}

}  // namespace
}  // namespace bellwether::etcd
