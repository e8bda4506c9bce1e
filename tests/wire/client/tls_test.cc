// TLS on a real etcd: who is let in, and what happens when the files change while the client runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "support/eventually.h"
#include "support/shell.h"
#include "wire/client/calls.h"

namespace bellwether::etcd {
namespace {

using test::Contents;
using testing::HasSubstr;

void Overwrite(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

TlsFiles ClientFiles(const EtcdServer& etcd) {
  return {.ca = etcd.folder() + "/ca.pem",
          .cert = etcd.folder() + "/client.pem",
          .key = etcd.folder() + "/client.key"};
}

TEST(TlsWireTest, SpeaksMutualTlsAndRefusesWithoutACertificate) {
  EtcdServer etcd({.mutual_tls = true});
  Shard shard(etcd.endpoints(), ClientFiles(etcd));
  EXPECT_TRUE(Put(shard, "t", "1").ok());
  Shard stranger(etcd.endpoints(), {.ca = etcd.folder() + "/ca.pem", .cert = {}, .key = {}});
  const auto refused = Get(stranger, "t", 2s);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr(etcd.endpoints()));
}

// The whole chain of trust is replaced: what was read at the start would neither trust the server
// nor be trusted by it.
TEST(TlsWireTest, TheNextConnectionUsesTheAuthorityCertificateAndKeyThatReplacedTheOldOnes) {
  EtcdServer etcd({.mutual_tls = true});
  Shard shard(etcd.endpoints(), ClientFiles(etcd));
  const auto start = Put(shard, "t", "1");
  ASSERT_TRUE(start.ok()) << start.error().message;
  Recorder told;
  const Watching watch(shard, {.key = "t", .range_end = {}, .from = start->header.revision.Next()},
                       &told);
  ASSERT_TRUE(Eventually([&] { return told.progress > 0; }));
  etcd.ReplaceCertificates();
  etcd.Kill(0);
  etcd.Start(0);
  ASSERT_TRUE(Eventually([&] { return Put(shard, "t", "2").ok(); }));
  EXPECT_TRUE(Eventually([&] { return !told.events().empty(); }));
  EXPECT_FALSE(told.lost().has_value());
}

// Rotation is not atomic over three files, and not every tool replaces even one of them atomically.
TEST(TlsWireTest, HalfWrittenFilesAndAKeyWithoutItsCertificateLeaveTheOldOnesInUse) {
  EtcdServer etcd({.mutual_tls = true});
  // Files of its own, so that etcdctl keeps whole ones.
  const TlsFiles given = ClientFiles(etcd);
  const TlsFiles own{
      .ca = given.ca + ".own", .cert = given.cert + ".own", .key = given.key + ".own"};
  Overwrite(own.ca, Contents(given.ca));
  Overwrite(own.cert, Contents(given.cert));
  Overwrite(own.key, Contents(given.key));
  Shard shard(etcd.endpoints(), own);
  ASSERT_TRUE(Put(shard, "t", "1").ok());
  for (const auto& [path, broken] : {std::pair(own.ca, Contents(own.ca).substr(0, 300)),
                                     std::pair(own.cert, Contents(own.cert).substr(0, 300)),
                                     std::pair(own.key, Contents(own.key).substr(0, 300)),
                                     std::pair(own.key, Contents(etcd.folder() + "/server.key"))}) {
    const std::string whole = Contents(path);
    Overwrite(path, broken);
    // A connection has to be made anew while the file is broken, and after it was read.
    etcd.Kill(0);
    etcd.Start(0);
    const MonotonicTime start = BootClock::now();
    ASSERT_TRUE(Eventually([&] { return Get(shard, "t").ok() && BootClock::now() - start > 2s; }))
        << path;
    Overwrite(path, whole);
  }
}

}  // namespace
}  // namespace bellwether::etcd
