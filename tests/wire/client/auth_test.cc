// User and password on a real etcd: the token is renewed on every path on which etcd says that it
// is not valid (any more).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "support/eventually.h"
#include "wire/client/calls.h"

namespace bellwether::etcd {
namespace {

using testing::HasSubstr;

void SwitchOn(const EtcdServer& etcd) {
  etcd.Etcdctl("user add root:secret");
  etcd.Etcdctl("user grant-role root root");
  etcd.Etcdctl("auth enable");
}

Credentials Root(const std::string& password = "secret") {
  return {.username = "root", .read_password = [password] { return password; }};
}

Revision After(const Result<PutResponse>& put) { return put->header.revision.Next(); }

TEST(AuthWireTest, AuthenticatesAgainAfterAPasswordChangeAndNamesAWrongPassword) {
  EtcdServer etcd;
  etcd.Etcdctl("user add root:first");
  etcd.Etcdctl("user grant-role root root");
  etcd.Etcdctl("auth enable");
  std::mutex mutex;
  std::string password = "first";
  const auto read_password = [&] {
    const std::lock_guard lock(mutex);
    return password;
  };
  Shard shard(etcd.endpoints(), {}, {.username = "root", .read_password = read_password});
  const auto first = Put(shard, "p", "1");
  ASSERT_TRUE(first.ok()) << first.error().message;
  // A changed password makes etcd forget the user's tokens.
  etcd.Etcdctl("--user root:first user passwd root --interactive=false <<END\nsecond\nEND\n");
  {
    const std::lock_guard lock(mutex);
    password = "second";
  }
  const auto second = Put(shard, "p", "2");
  ASSERT_TRUE(second.ok()) << second.error().message;
  Shard stale(etcd.endpoints(), {},
              {.username = "root", .read_password = [] { return std::string("first"); }});
  const auto refused = Get(stale, "p");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kPermission) << refused.error().message;
}

// A restart makes etcd forget its tokens; 3.4 then calls a watch with such a token forbidden.
TEST(AuthWireTest, AWatchSurvivesARestartThatForgetsItsToken) {
  EtcdServer etcd;
  etcd.Etcdctl("user add root:secret");
  etcd.Etcdctl("user grant-role root root");
  etcd.Etcdctl("auth enable");
  Shard shard(etcd.endpoints(), {},
              {.username = "root", .read_password = [] { return std::string("secret"); }});
  const auto start = Put(shard, "r", "1");
  ASSERT_TRUE(start.ok()) << start.error().message;
  Recorder told;
  const Watching watch(shard, {.key = "r", .range_end = {}, .from = start->header.revision.Next()},
                       &told);
  ASSERT_TRUE(Eventually([&] { return told.progress > 0; }));
  etcd.Kill(0);
  ASSERT_TRUE(Eventually([&] { return told.interrupted > 0; }));
  const int before = told.progress;
  etcd.Start(0);
  // Nothing but the watch talks to etcd here, so it must get the new token itself.
  EXPECT_TRUE(Eventually([&] { return told.progress > before || told.lost(); }));
  EXPECT_FALSE(told.lost().has_value());
  etcd.Etcdctl("--user root:secret put r 2");
  EXPECT_TRUE(Eventually([&] { return told.events().size() == 1; }));
}

// Everything that a client can do, with the token that a stream or a call last used long dead.
void ExpectEveryPathWorks(Shard& shard, const std::string& key) {
  const auto lease = Grant(shard, 60s);
  ASSERT_TRUE(lease.ok()) << lease.error().message;
  const auto put = Put(shard, key, "2", lease->id);
  ASSERT_TRUE(put.ok()) << put.error().message;
  const auto read = Get(shard, key);
  ASSERT_TRUE(read.ok()) << read.error().message;
  const auto left = shard.Ask<LeaseTimeToLiveResponse>(
      [&](auto done) { shard.client().LeaseTimeToLive(lease->id, true, {.timeout = 20s}, done); });
  ASSERT_TRUE(left.ok()) << left.error().message;
  EXPECT_EQ(left->keys, std::vector<std::string>{key});
  const auto revoked = shard.Ask<LeaseRevokeResponse>(
      [&](auto done) { shard.client().LeaseRevoke(lease->id, {.timeout = 20s}, done); });
  EXPECT_TRUE(revoked.ok()) << revoked.error().message;
}

TEST(AuthWireTest, WatchesKeepalivesAndCallsOutliveTheirToken) {
  EtcdServer etcd({.extra = {"--auth-token-ttl=1"}});
  SwitchOn(etcd);
  Shard shard(etcd.endpoints(), {}, Root());
  const auto start = Put(shard, "a", "1");
  ASSERT_TRUE(start.ok()) << start.error().message;
  Recorder first;
  const Watching watch(shard, {.key = "a", .range_end = {}, .from = After(start)}, &first);
  ASSERT_TRUE(Eventually([&] { return first.progress > 0; }));
  const auto lease = Grant(shard, 6s);
  ASSERT_TRUE(lease.ok());
  LeaseRecorder told;
  std::unique_ptr<KeptLease> kept;
  shard.Sync([&] { kept = shard.client().KeepAlive(lease->id, lease->ttl, &told); });
  // Each leaves 2 s after the one before, and nothing else uses the token in between.
  ASSERT_TRUE(Eventually([&] { return told.renewed >= 2; }));

  Recorder second;
  const Watching on_the_same_stream(
      shard, {.key = "b", .range_end = {}, .from = start->header.revision.Next()}, &second);
  EXPECT_TRUE(Eventually([&] { return second.progress > 0 || second.lost(); }));
  ASSERT_FALSE(second.lost().has_value()) << second.lost()->message;
  const int renewed = told.renewed;
  ASSERT_TRUE(Eventually([&] { return told.renewed >= renewed + 2; }));
  ExpectEveryPathWorks(shard, "a");
  ASSERT_TRUE(Put(shard, "b", "1").ok());
  EXPECT_TRUE(
      Eventually([&] { return first.events().size() == 2 && second.events().size() == 1; }));
  EXPECT_EQ(told.gone, 0);
  shard.Sync([&] { kept.reset(); });
}

// With JWT every change of a user or role makes the tokens from before "old" (etcd: revision of
// auth store is old).
TEST(AuthWireTest, TokensFromBeforeAChangeOfUsersAreRenewed) {
  char pattern[] = "/tmp/bellwether-jwt-XXXXXX";
  ASSERT_NE(mkdtemp(pattern), nullptr);
  const std::string folder = pattern;
  const std::string make = "cd " + folder + " && openssl genrsa -out key 2048 2>/dev/null && " +
                           "openssl rsa -in key -pubout -out pub 2>/dev/null";
  ASSERT_EQ(std::system(make.c_str()), 0);
  EtcdServer etcd({.extra = {"--auth-token", "jwt,pub-key=" + folder + "/pub,priv-key=" + folder +
                                                 "/key,sign-method=RS256,ttl=10m"}});
  SwitchOn(etcd);
  Shard shard(etcd.endpoints(), {}, Root());
  const auto start = Put(shard, "a", "1");
  ASSERT_TRUE(start.ok()) << start.error().message;
  Recorder first;
  const Watching watch(shard, {.key = "a", .range_end = {}, .from = After(start)}, &first);
  ASSERT_TRUE(Eventually([&] { return first.progress > 0; }));

  etcd.Etcdctl("--user root:secret user add somebody:else");
  Recorder second;
  const Watching on_the_same_stream(shard, {.key = "b", .range_end = {}, .from = After(start)},
                                    &second);
  EXPECT_TRUE(Eventually([&] { return second.progress > 0 || second.lost(); }));
  ASSERT_FALSE(second.lost().has_value()) << second.lost()->message;
  etcd.Etcdctl("--user root:secret user add another:one");
  ExpectEveryPathWorks(shard, "a");
  EXPECT_TRUE(Eventually([&] { return first.events().size() == 2; }));
  EXPECT_EQ(std::system(("rm -r " + folder).c_str()), 0);
}

TEST(AuthWireTest, StreamsAndCallsGoOnWhenThePasswordChangesAndTheMemberRestarts) {
  EtcdServer etcd;
  SwitchOn(etcd);
  std::mutex mutex;
  std::string password = "secret";
  Shard shard(etcd.endpoints(), {}, {.username = "root", .read_password = [&] {
                                       const std::lock_guard lock(mutex);
                                       return password;
                                     }});
  const auto start = Put(shard, "a", "1");
  ASSERT_TRUE(start.ok()) << start.error().message;
  Recorder changes;
  const Watching watch(shard, {.key = "a", .range_end = {}, .from = After(start)}, &changes);
  ASSERT_TRUE(Eventually([&] { return changes.progress > 0; }));
  const auto lease = Grant(shard, 15s);
  ASSERT_TRUE(lease.ok());
  LeaseRecorder told;
  std::unique_ptr<KeptLease> kept;
  shard.Sync([&] { kept = shard.client().KeepAlive(lease->id, lease->ttl, &told); });

  etcd.Etcdctl("--user root:secret user passwd root --interactive=false <<END\nother\nEND\n");
  {
    const std::lock_guard lock(mutex);
    password = "other";
  }
  const int before = changes.progress;
  etcd.Kill(0);
  etcd.Start(0);
  EXPECT_TRUE(Eventually([&] { return changes.progress > before || changes.lost(); }));
  ExpectEveryPathWorks(shard, "a");
  EXPECT_TRUE(Eventually([&] { return changes.events().size() == 2 || changes.lost(); }));
  EXPECT_FALSE(changes.lost().has_value());
  const int renewed = told.renewed;
  EXPECT_TRUE(Eventually([&] { return told.renewed > renewed || told.gone > 0; }));
  EXPECT_EQ(told.gone, 0);
  shard.Sync([&] { kept.reset(); });
}

TEST(AuthWireTest, AuthenticationThatIsSwitchedOnLaterIsMetWithAToken) {
  EtcdServer etcd;
  Shard shard(etcd.endpoints(), {}, Root());
  const auto start = Put(shard, "a", "1");
  ASSERT_TRUE(start.ok()) << start.error().message;
  Recorder first;
  const Watching watch(shard, {.key = "a", .range_end = {}, .from = After(start)}, &first);
  ASSERT_TRUE(Eventually([&] { return first.progress > 0; }));
  SwitchOn(etcd);
  Recorder second;
  const Watching without_a_token(shard, {.key = "b", .range_end = {}, .from = After(start)},
                                 &second);
  EXPECT_TRUE(Eventually([&] { return second.progress > 0 || second.lost(); }));
  EXPECT_FALSE(second.lost().has_value()) << second.lost()->message;
  ExpectEveryPathWorks(shard, "a");
}

TEST(AuthWireTest, AWatchWithoutTheRightIsLostAndTheOthersGoOn) {
  EtcdServer etcd;
  etcd.Etcdctl("role add reader");
  etcd.Etcdctl("role grant-permission reader readwrite mine");
  etcd.Etcdctl("user add ann:secret");
  etcd.Etcdctl("user grant-role ann reader");
  SwitchOn(etcd);
  Shard shard(etcd.endpoints(), {},
              {.username = "ann", .read_password = [] { return std::string("secret"); }});
  const auto start = Put(shard, "mine", "1");
  ASSERT_TRUE(start.ok()) << start.error().message;
  Recorder mine;
  const Watching allowed(shard, {.key = "mine", .range_end = {}, .from = After(start)}, &mine);
  ASSERT_TRUE(Eventually([&] { return mine.progress > 0; }));
  Recorder theirs;
  const Watching denied(shard, {.key = "theirs", .range_end = {}, .from = After(start)}, &theirs);
  ASSERT_TRUE(Eventually([&] { return theirs.lost().has_value(); }));
  EXPECT_EQ(theirs.lost()->code, Code::kPermission);
  EXPECT_THAT(theirs.lost()->message, HasSubstr("permission denied"));
  EXPECT_EQ(mine.interrupted, 0);
}

TEST(AuthWireTest, WithoutCredentialsAWatchIsLostAndSaysWhy) {
  EtcdServer etcd;
  SwitchOn(etcd);
  Shard shard(etcd.endpoints());
  Recorder told;
  const Watching watch(shard, {.key = "a", .range_end = {}, .from = Revision{2}}, &told);
  ASSERT_TRUE(Eventually([&] { return told.lost().has_value(); }));
  EXPECT_EQ(told.lost()->code, Code::kPermission);
}

}  // namespace
}  // namespace bellwether::etcd
