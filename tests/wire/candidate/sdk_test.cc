// The library as a program links it, on a real etcd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

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

TEST(ExampleTest, LeadsAndLeaves) {
  EtcdServer etcd;
  const std::string command = std::string(EXAMPLE_ELECT) + " " + etcd.endpoints() + " a/b me";
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(etcd.Etcdctl("get --prefix --keys-only /bellwether"), "");
}

}  // namespace
}  // namespace bellwether
