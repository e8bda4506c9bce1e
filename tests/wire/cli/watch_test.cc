// `watch` as a process, through changes of leader and through trouble of etcd.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "run/program.h"
#include "run/run_process.h"
#include "support/etcd_server.h"
#include "support/eventually.h"
#include "support/tcp_proxy.h"

namespace bellwether::cli {
namespace {

using test::EtcdServer;
using test::Eventually;
using testing::ElementsAre;
using testing::HasSubstr;

// "leader a", "none", "unknown": the lines without times and tokens.
std::vector<std::string> Lines(const std::string& out) {
  std::istringstream text(out);
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string time, state, id;
    words >> time >> state >> id;
    lines.push_back(id.empty() ? state : state + " " + id);
  }
  return lines;
}

// Without "unknown", which an etcd on a busy machine may be for a moment, and without the line
// behind it when that is no news.
std::vector<std::string> States(const BackgroundProgram& watch) {
  std::vector<std::string> states;
  bool was_unknown = false;
  for (const std::string& line : Lines(watch.out())) {
    const bool again = was_unknown && !states.empty() && states.back() == line;
    was_unknown = line == "unknown";
    if (!was_unknown && !again) states.push_back(line);
  }
  return states;
}

TEST(WatchTest, PrintsThePresentStateAndEachChange) {
  EtcdServer etcd;
  const BackgroundProgram watch(etcd, "watch test/one");
  ASSERT_TRUE(watch.Says("none")) << watch.err();
  RunProcess first(etcd, "a", {}, kSleep);
  ASSERT_TRUE(watch.Says("leader a ")) << watch.err();
  RunProcess second(etcd, "b", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return second.Logged("queued"); })) << second.log();
  kill(first.pid(), SIGTERM);
  ASSERT_TRUE(watch.Says("leader b ")) << watch.err();
  kill(second.pid(), SIGTERM);
  ASSERT_TRUE(Eventually([&] { return watch.out().ends_with(" none\n"); })) << watch.err();
  EXPECT_THAT(States(watch), ElementsAre("none", "leader a", "leader b", "none"));
}

TEST(WatchTest, PrintsEachChangeOfABatchOnce) {
  EtcdServer etcd;
  test::TcpProxy proxy(etcd.endpoints());
  const BackgroundProgram watch(etcd, proxy.url(), "watch test/one");
  ASSERT_TRUE(watch.Says("none")) << watch.err();
  // Changes while the watch is away reach it as one batch, most often while it does not know yet
  // who leads, and prints the last one alone: then again.
  std::vector<std::string> told;
  int round = 0;
  ASSERT_TRUE(Eventually([&] {
    const size_t before = watch.out().size();
    const std::string a = "a" + std::to_string(++round), b = "b" + std::to_string(round);
    proxy.Cut();
    etcd.Etcdctl("put /bellwether/elections/test/one/x " + a);
    etcd.Etcdctl("del /bellwether/elections/test/one/x");
    etcd.Etcdctl("put /bellwether/elections/test/one/y " + b);
    proxy.Heal();
    EXPECT_TRUE(watch.Says("leader " + b + " ")) << watch.err();
    etcd.Etcdctl("del /bellwether/elections/test/one/y");
    EXPECT_TRUE(Eventually([&] { return watch.out().ends_with(" none\n"); })) << watch.err();
    const std::string news = watch.out().substr(before);
    const size_t unknown = news.rfind("unknown\n");
    told = Lines(unknown == std::string::npos ? news : news.substr(unknown + 8));
    return told.size() >= 4;  // of a, none, b, none
  })) << watch.out();
  EXPECT_EQ(std::adjacent_find(told.begin(), told.end()), told.end()) << watch.out();
}

TEST(WatchTest, SaysWhenItDoesNotKnowAndSurvivesARestartAndACompaction) {
  EtcdServer etcd;
  etcd.Etcdctl("put /bellwether/elections/test/one/x first");
  const BackgroundProgram watch(etcd, "watch test/one -o json");
  ASSERT_TRUE(watch.Says("\"id\":\"first\"")) << watch.err();
  etcd.Kill(0);
  ASSERT_TRUE(watch.Says("\"state\":\"unknown\"")) << watch.err();
  EXPECT_THAT(watch.err(), HasSubstr("etcd does not confirm it"));
  etcd.Start(0);
  // It may find the revision it would resume from gone.
  etcd.Etcdctl("del /bellwether/elections/test/one/x");
  etcd.Etcdctl("put /bellwether/elections/test/one/y second");
  etcd.Etcdctl("compaction --physical 4");
  ASSERT_TRUE(watch.Says("\"id\":\"second\"")) << watch.err();
  std::string last;
  std::istringstream lines(watch.out());
  for (std::string line; std::getline(lines, line);) last = line;
  const auto document = nlohmann::json::parse(last);
  EXPECT_EQ(document["state"], "leader");
  EXPECT_EQ(document["election"], "test/one");
  EXPECT_EQ(document["leader"]["lease"], nullptr);
  EXPECT_EQ(document["fencingToken"], 4);
}

TEST(WatchTest, AnEtcdThatIsAwayFromTheStartIsUnknown) {
  EtcdServer etcd;
  etcd.Kill(0);
  const BackgroundProgram watch(etcd, "watch test/one");
  ASSERT_TRUE(watch.Says("unknown")) << watch.err();
  etcd.Start(0);
  EXPECT_TRUE(watch.Says("none")) << watch.err();
}

TEST(WatchTest, EndsWhenNobodyCanTakeItsLines) {
  EtcdServer etcd;
  const Output full = Bellwether(etcd, "watch test/one > /dev/full");
  EXPECT_EQ(full.code, 1);
  EXPECT_THAT(full.err, HasSubstr("cannot write to standard output"));
}

}  // namespace
}  // namespace bellwether::cli
