// The library as a program links it, on a real etcd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "sdk/bellwether.h"
#include "support/etcd_server.h"

namespace bellwether {
namespace {

using namespace std::chrono_literals;
using test::EtcdServer;
using testing::HasSubstr;

TEST(ElectorTest, RefusesOptionsThatCannotWork) {
  const auto why = [](ElectorOptions options) {
    const auto started = Elector::Start(std::move(options));
    return started.ok() ? std::string() : started.error().message;
  };
  const std::string at = "http://127.0.0.1:1";
  EXPECT_THAT(why({.endpoints = at, .id = "a"}), HasSubstr("election or a prefix"));
  EXPECT_THAT(why({.endpoints = at, .election = "A/b", .id = "a"}), HasSubstr("DNS label"));
  EXPECT_THAT(why({.endpoints = at, .election = "a/b", .id = ""}), HasSubstr("id is empty"));
  EXPECT_THAT(why({.endpoints = at, .election = "a/b", .id = "a", .ttl = 1s}), HasSubstr("TTL"));
  EXPECT_THAT(why({.endpoints = at, .username = "u", .election = "a/b", .id = "a"}),
              HasSubstr("password file belong together"));
  EXPECT_THAT(why({.endpoints = at,
                   .username = "u",
                   .password_file = "/no/such/file",
                   .election = "a/b",
                   .id = "a"}),
              HasSubstr("/no/such/file cannot be read"));
  EXPECT_NE(why({.endpoints = "", .election = "a/b", .id = "a"}), "");
}

TEST(ElectorTest, EndsWhileEtcdIsAway) {
  auto elector = Elector::Start({.endpoints = "http://127.0.0.1:1", .election = "a/b", .id = "a"});
  ASSERT_TRUE(elector.ok());
  (*elector)->Campaign();
  EXPECT_EQ((*elector)->WaitUntilElected(50ms), std::nullopt);
  EXPECT_TRUE((*elector)->WaitUntilLost(0ms));
}

TEST(ElectorTest, OneLeadsAndTheNextFollowsWithALargerToken) {
  EtcdServer etcd;
  const auto start = [&](const std::string& id) {
    auto elector = Elector::Start({.endpoints = etcd.endpoints(), .election = "a/b", .id = id});
    return std::move(elector).value();
  };
  const auto a = start("a");
  const auto b = start("b");
  a->Campaign();
  const auto first = a->WaitUntilElected(20s);
  ASSERT_TRUE(first.has_value());
  EXPECT_TRUE(a->Proclaim("busy").ok());
  EXPECT_THAT(etcd.Etcdctl("get --prefix --print-value-only /bellwether"), HasSubstr("busy"));
  EXPECT_FALSE(b->Proclaim("x").ok());
  b->Campaign();
  EXPECT_EQ(b->WaitUntilElected(100ms), std::nullopt);
  EXPECT_TRUE(a->Resign(20s).ok());
  EXPECT_EQ(a->Current(), std::nullopt);
  const auto second = b->WaitUntilElected(20s);
  ASSERT_TRUE(second.has_value());
  EXPECT_GT(second->token.value, first->token.value);
}

TEST(ElectorTest, ReadsThePasswordFromTheFirstLineOfAFile) {
  EtcdServer etcd;
  etcd.Etcdctl("user add root:secret");
  etcd.Etcdctl("user grant-role root root");
  etcd.Etcdctl("auth enable");
  const std::string file = etcd.folder() + "/password";
  for (const char* const text : {"secret", "secret\n", "secret\r\nof whom\r\n"}) {
    std::ofstream(file) << text;
    auto elector = Elector::Start({.endpoints = etcd.endpoints(),
                                   .username = "root",
                                   .password_file = file,
                                   .election = "a/b",
                                   .id = "a"});
    ASSERT_TRUE(elector.ok()) << elector.error().message;
    (*elector)->Campaign();
    EXPECT_TRUE((*elector)->WaitUntilElected(30s).has_value()) << text;
    EXPECT_TRUE((*elector)->Resign(20s).ok());
  }
}

// Its destructor joins the thread that callbacks run on.
TEST(ElectorDeathTest, DestroyedInItsOwnCallbackItSaysSo) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto destroy = [] {
    std::unique_ptr<Elector> elector;
    auto started = Elector::Start({.endpoints = "http://127.0.0.1:1",
                                   .election = "a/b",
                                   .id = "a",
                                   .on_trouble = [&](const Error&) { elector.reset(); }});
    elector = std::move(started).value();
    elector->Campaign();
    std::this_thread::sleep_for(60s);  // the process is ended before
  };
  EXPECT_DEATH(destroy(), "destroyed inside one of its own callbacks");
}

void ExpectLeadsAndLeaves(const std::string& program) {
  EtcdServer etcd;
  const std::string command = program + " " + etcd.endpoints() + " a/b me";
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(etcd.Etcdctl("get --prefix --keys-only /bellwether"), "");
}

TEST(ExampleTest, LeadsAndLeaves) { ExpectLeadsAndLeaves(EXAMPLE_ELECT); }

TEST(ExampleTest, LeadsAndLeavesWhenItIsBuiltOnTheInstalledLibrary) {
  const std::string sanitized = SANITIZED;
  if (!sanitized.empty()) return;  // a program that is not sanitized cannot link a library that is
  char pattern[] = "/tmp/bellwether-sdk-XXXXXX";
  ASSERT_NE(mkdtemp(pattern), nullptr);
  const std::string folder = pattern;
  const std::string make = "(cmake --install " BUILD_FOLDER " --component sdk --prefix " + folder +
                           "/usr && cmake -S " EXAMPLE_PROJECT " -B " + folder +
                           "/build -DCMAKE_PREFIX_PATH=" + folder + "/usr && cmake --build " +
                           folder + "/build) >" + folder + "/log 2>&1 || { cat " + folder +
                           "/log; exit 1; }";
  ASSERT_EQ(std::system(make.c_str()), 0);
  ExpectLeadsAndLeaves(folder + "/build/elect");
  EXPECT_EQ(std::system(("rm -r " + folder).c_str()), 0);
}

}  // namespace
}  // namespace bellwether
