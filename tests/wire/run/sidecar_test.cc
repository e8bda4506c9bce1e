// `bellwether run --http` as a process: what it tells, and --health.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>

#include "run/program.h"
#include "run/run_process.h"
#include "support/etcd_server.h"
#include "support/eventually.h"
#include "unit/http/raw_client.h"

namespace bellwether::cli {
namespace {

using namespace std::chrono_literals;
using test::EtcdServer;
using test::Eventually;
using test::RawClient;
using testing::HasSubstr;

uint16_t PortOf(const RunProcess& run) {
  static constexpr std::string_view kServing = "127.0.0.1:";
  std::string log;
  EXPECT_TRUE(Eventually([&] {
    log = run.log();
    const size_t at = log.find("serving");
    return at != std::string::npos && log.find('\n', at) != std::string::npos;
  })) << log;
  const size_t at = log.find(kServing, log.find("serving"));
  return at == std::string::npos
             ? 0
             : static_cast<uint16_t>(std::stoi(log.substr(at + kServing.size())));
}

// One `run` that serves.
class Served {
 public:
  Served(const EtcdServer& etcd, const std::string& name, std::vector<std::string> flags = {},
         const std::string& script = "")
      : run_(etcd, name, script, {.flags = WithHttp(std::move(flags)), .sidecar = script.empty()}),
        port_(PortOf(run_)) {}

  RunProcess& run() { return run_; }
  uint16_t port() const { return port_; }
  test::RawResponse Get(const std::string& target) const {
    RawClient client = RawClient::To(port_);
    client.Get(target);
    return client.Read();
  }
  bool Is(const std::string& target) const {
    return Eventually([&] { return Get(target).status == 200; });
  }
  bool IsNot(const std::string& target) const {
    return Eventually([&] { return Get(target).status == 503; });
  }
  nlohmann::json State() const { return nlohmann::json::parse(Get("/v1/candidate").body); }

 private:
  static std::vector<std::string> WithHttp(std::vector<std::string> flags) {
    flags.emplace_back("--http=127.0.0.1:0");
    return flags;
  }

  RunProcess run_;
  uint16_t port_;
};

// Something that can be connected to, or not, on one port.
class Application {
 public:
  Application() : port_(test::FreePort()) {}
  ~Application() { End(); }
  void Begin() {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int one = 1;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(listen(fd_, 1000), 0);  // nobody accepts
  }
  void End() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::vector<std::string> Flags() const {
    return {"--health=tcp:" + address(), "--health-interval=100ms"};
  }

 private:
  const int port_;
  int fd_ = -1;
};

TEST(SidecarTest, TellsWhoLeadsAndResignsOnTerm) {
  EtcdServer etcd;
  Served a(etcd, "a");
  ASSERT_TRUE(a.Is("/leader")) << a.run().log();
  Served b(etcd, "b");
  ASSERT_TRUE(b.Is("/standby")) << b.run().log();
  EXPECT_EQ(a.Get("/").body, "{\"name\":\"a\"}\n");
  EXPECT_TRUE(Eventually([&] { return b.Get("/").body == "{\"name\":\"a\"}\n"; }));
  EXPECT_EQ(a.Get("/standby").status, 503);
  EXPECT_EQ(b.Get("/leader").status, 503);
  const auto state = a.State();
  EXPECT_EQ(state["leads"], true);
  EXPECT_GT(state["fencingToken"], 0);
  EXPECT_GT(state["validForMs"], 0);
  EXPECT_LE(state["validForMs"], 4500) << "5 s less the margin";
  EXPECT_THAT(a.Get("/metrics").body, HasSubstr("bellwether_election_leader{"));
  kill(a.run().pid(), SIGTERM);
  EXPECT_EQ(a.run().Wait(), 0) << a.run().log();
  EXPECT_TRUE(b.Is("/leader")) << b.run().log();
  EXPECT_GT(b.State()["fencingToken"], state["fencingToken"]);
  EXPECT_EQ(b.Get("/").body, "{\"name\":\"b\"}\n");
}

TEST(SidecarTest, StandsInAnyQueueByItsPrefix) {
  EtcdServer etcd;
  Served run(etcd, "a", {"--prefix=/TEST/LOCKER", "--raw-value=my-host"});
  ASSERT_TRUE(run.Is("/leader")) << run.run().log();
  EXPECT_EQ(run.Get("/").body, "{\"name\":\"my-host\"}\n");
  EXPECT_TRUE(Eventually(
      [&] { return run.Get("/metrics").body.find("/TEST/LOCKER") != std::string::npos; }));
}

TEST(SidecarTest, GivesThePlaceUpWhileTheApplicationFails) {
  EtcdServer etcd;
  Application application;
  application.Begin();
  Served a(etcd, "a", application.Flags());
  ASSERT_TRUE(a.Is("/leader")) << a.run().log();
  Served b(etcd, "b");
  ASSERT_TRUE(b.Is("/standby")) << b.run().log();
  application.End();
  ASSERT_TRUE(b.Is("/leader")) << a.run().log();
  EXPECT_EQ(a.Get("/leader").status, 503);
  EXPECT_EQ(a.Get("/standby").status, 503);
  EXPECT_THAT(a.Get("/leader").body, HasSubstr("refused"));
  EXPECT_THAT(a.run().log(), HasSubstr("giving the place up until it is well"));
  EXPECT_EQ(a.State()["health"]["well"], false);
  application.Begin();
  EXPECT_TRUE(a.Is("/standby")) << a.run().log();
  kill(b.run().pid(), SIGTERM);
  EXPECT_TRUE(a.Is("/leader")) << a.run().log();
}

TEST(SidecarTest, OneThatIsNotWellYetDoesNotJoin) {
  EtcdServer etcd;
  Application application;
  Served a(etcd, "a", application.Flags());
  ASSERT_TRUE(Eventually([&] { return a.run().Logged("not joining the queue"); })) << a.run().log();
  EXPECT_EQ(a.State()["state"], "out");
  EXPECT_EQ(Keys(etcd), "");
  application.Begin();
  EXPECT_TRUE(a.Is("/leader")) << a.run().log();
  kill(a.run().pid(), SIGTERM);
  EXPECT_EQ(a.run().Wait(), 0);
  EXPECT_EQ(Keys(etcd), "");
}

TEST(SidecarTest, AfterAPausePastItsDeadlineItNeverSaysThatItLeads) {
  EtcdServer etcd;
  Served a(etcd, "a");
  ASSERT_TRUE(a.Is("/leader")) << a.run().log();
  Served b(etcd, "b");
  ASSERT_TRUE(b.Is("/standby")) << b.run().log();
  kill(a.run().pid(), SIGSTOP);
  ASSERT_TRUE(b.Is("/leader")) << b.run().log();
  // The kernel takes them for it; they are the first that it does when it goes on.
  std::vector<RawClient> asked;
  for (int i = 0; i < 20; ++i) {
    asked.push_back(RawClient::To(a.port()));
    asked.back().Get(i % 2 == 0 ? "/leader" : "/");
  }
  kill(a.run().pid(), SIGCONT);
  for (int i = 0; i < 20; ++i) {
    const auto answer = asked[static_cast<size_t>(i)].Read();
    if (i % 2 == 0) {
      EXPECT_EQ(answer.status, 503) << answer.body;
    } else {
      EXPECT_EQ(answer.status, 200);
      EXPECT_NE(answer.body, "{\"name\":\"a\"}\n");
    }
  }
  EXPECT_TRUE(a.Is("/standby")) << a.run().log();
}

TEST(SidecarTest, WithoutEtcdItCeasesToLeadByItsDeadline) {
  EtcdServer etcd;
  Served a(etcd, "a");
  ASSERT_TRUE(a.Is("/leader")) << a.run().log();
  etcd.Signal(0, SIGSTOP);
  EXPECT_TRUE(a.IsNot("/leader")) << a.run().log();
  EXPECT_EQ(a.Get("/livez").status, 200);
  EXPECT_TRUE(a.IsNot("/readyz"));
  etcd.Signal(0, SIGCONT);
  EXPECT_TRUE(a.Is("/leader")) << a.run().log();
}

TEST(SidecarTest, LeavesTheApplicationItsTimeToStopBeforeThePlaceGoes) {
  EtcdServer etcd;
  Served a(etcd, "a", {"--stop-grace=1s"});
  ASSERT_TRUE(a.Is("/leader")) << a.run().log();
  EXPECT_LE(a.State()["validForMs"], 3500) << "5 s less the margin and the grace";
  Served b(etcd, "b");
  ASSERT_TRUE(b.Is("/standby")) << b.run().log();
  const auto asked = std::chrono::steady_clock::now();
  kill(a.run().pid(), SIGTERM);
  ASSERT_TRUE(b.Is("/leader")) << b.run().log();
  EXPECT_GE(std::chrono::steady_clock::now() - asked, 1s);
  EXPECT_EQ(a.run().Wait(), 0) << a.run().log();
}

TEST(SidecarTest, OnceEndsWith75WhenTheApplicationOfALeaderFails) {
  EtcdServer etcd;
  Application application;
  application.Begin();
  auto flags = application.Flags();
  flags.emplace_back("--once");
  Served a(etcd, "a", flags);
  ASSERT_TRUE(a.Is("/leader")) << a.run().log();
  application.End();
  EXPECT_EQ(a.run().Wait(), 75) << a.run().log();
  EXPECT_EQ(Keys(etcd), "");
}

TEST(SidecarTest, ACommandThatFailsItsCheckIsStoppedAndTheNextOneLeads) {
  EtcdServer etcd;
  Application application;
  application.Begin();
  Served a(etcd, "a", application.Flags(), kSleep);
  ASSERT_TRUE(a.Is("/leader")) << a.run().log();
  ASSERT_TRUE(Eventually([&] { return a.State()["health"]["well"] == true; })) << a.run().log();
  Served b(etcd, "b", {}, kSleep);
  ASSERT_TRUE(b.Is("/standby")) << b.run().log();
  const pid_t command = a.run().command();
  application.End();
  ASSERT_TRUE(b.Is("/leader")) << a.run().log();
  EXPECT_FALSE(Alive(command));
  EXPECT_THAT(a.run().log(), HasSubstr("the command fails its check"));
  EXPECT_TRUE(a.Is("/standby")) << "it queues again";
}

TEST(SidecarTest, ItsConnectionsAreNotInheritedByACommand) {
  EtcdServer etcd;
  Served a(etcd, "a", {}, kSleep);
  ASSERT_TRUE(a.Is("/leader")) << a.run().log();
  RawClient client = RawClient::To(a.port());
  client.Get("/leader");
  ASSERT_EQ(client.Read().status, 200);
  // The command goes, a new guardian is started with the connection open, then run alone ends.
  etcd.Etcdctl("del --prefix /bellwether/elections/test/one/");
  ASSERT_TRUE(Eventually([&] { return a.run().Logged("leadership lost"); })) << a.run().log();
  ASSERT_TRUE(a.Is("/leader")) << a.run().log();
  const pid_t guardian = a.run().guardian();
  ASSERT_NE(guardian, 0);
  EXPECT_EQ(test::Shell("ls -l /proc/" + std::to_string(guardian) + "/fd | grep -c socket:"),
            "1\n");
}

TEST(SidecarTest, RefusesWhatCannotBeServedOrChecked) {
  EtcdServer etcd;
  Served first(etcd, "a");
  const std::string taken = "127.0.0.1:" + std::to_string(first.port());
  const auto refused = [&](const std::string& flags) {
    return Bellwether(etcd, "run --election=test/one " + flags);
  };
  Output output = refused("--http=" + taken);
  EXPECT_EQ(output.code, 1);
  EXPECT_THAT(output.err, HasSubstr("ddress already in use"));
  EXPECT_THAT(output.err, HasSubstr(taken));
  output = refused("--http=4040");
  EXPECT_EQ(output.code, 2);
  EXPECT_THAT(output.err, HasSubstr("HOST:PORT"));
  output = refused("--http=127.0.0.1:0 --health=https://127.0.0.1/");
  EXPECT_EQ(output.code, 2);
  EXPECT_THAT(output.err, HasSubstr("https is not checked"));
  output = refused("");
  EXPECT_EQ(output.code, 2);
  EXPECT_THAT(output.err, HasSubstr("--http"));
}

}  // namespace
}  // namespace bellwether::cli
