// `leader`, `queue`, `get`, `resign`, `version` as processes, on a real etcd with foreign
// candidates.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>

#include "run/program.h"
#include "run/run_process.h"
#include "support/etcd_server.h"
#include "support/eventually.h"

namespace bellwether::cli {
namespace {

using nlohmann::json;
using test::EtcdServer;
using test::Eventually;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kOrphan = "/bellwether/elections/test/one/no-lease";

// An etcdctl that holds a place until the server ends.
void Elect(EtcdServer& etcd, const std::string& prefix, const std::string& id) {
  etcd.EtcdctlInBackground("elect " + prefix + " " + id);
  ASSERT_TRUE(Eventually(
      [&] { return etcd.Etcdctl("get --prefix " + prefix + "/").find(id) != std::string::npos; }));
}

TEST(QueryTest, LeaderPrintsTheIdAloneAndNobodyIsExitCode3) {
  EtcdServer etcd;
  const Output nobody = Bellwether(etcd, "leader test/one");
  EXPECT_EQ(nobody.code, 3);
  EXPECT_EQ(nobody.out, "");
  EXPECT_THAT(nobody.err, HasSubstr("nobody leads test/one"));
  EXPECT_EQ(json::parse(Bellwether(etcd, "leader test/one -o json").out)["leader"], nullptr);
  RunProcess run(etcd, "a", {"--address=http://a:80"}, kSleep);
  ASSERT_TRUE(Eventually([&] { return run.Leads(); })) << run.log();
  const Output leads = Bellwether(etcd, "leader test/one");
  EXPECT_EQ(leads.code, 0) << leads.err;
  EXPECT_EQ(leads.out, "a\n");
  const json document = json::parse(Bellwether(etcd, "leader test/one -o json").out);
  EXPECT_EQ(document["election"], "test/one");
  EXPECT_EQ(document["leader"]["id"], "a");
  EXPECT_EQ(document["leader"]["address"], "http://a:80");
  EXPECT_GT(document["fencingToken"], 0);
  EXPECT_LE(document["fencingToken"], document["revision"]);
}

TEST(QueryTest, LeaderIsUnknownWithinBoundedTimeWhenEtcdIsStoppedOrAway) {
  EtcdServer etcd;
  Elect(etcd, "/bellwether/elections/test/one", "foreign");
  etcd.Signal(0, SIGSTOP);
  const Output stopped = Bellwether(etcd, "leader test/one");
  etcd.Signal(0, SIGCONT);
  EXPECT_EQ(stopped.code, 4);
  EXPECT_EQ(stopped.out, "");
  EXPECT_THAT(stopped.err, HasSubstr("cannot tell who leads test/one now"));
  etcd.Kill(0);
  EXPECT_EQ(Bellwether(etcd, "leader test/one").code, 4);
  EXPECT_EQ(Bellwether(etcd, "queue test/one").code, 1);
  EXPECT_EQ(Bellwether(etcd, "get").code, 1);
}

TEST(QueryTest, WrongInputIsExitCode2AndSaysWhatIsRight) {
  EtcdServer etcd;
  const Output name = Bellwether(etcd, "leader not-a-name");
  EXPECT_EQ(name.code, 2);
  EXPECT_THAT(name.err, HasSubstr("batch/report"));
  EXPECT_EQ(Bellwether(etcd, "queue").code, 2);
  EXPECT_EQ(Bellwether(etcd, "queue test/one -o xml").code, 2);
  EXPECT_EQ(Bellwether(etcd, "get --root /registry").code, 2);
  EXPECT_EQ(Bellwether("leader test/one --endpoints=nonsense://x").code, 2);
  const Output words = Bellwether("get --endpoints=" + etcd.endpoints() + " -- nonsense");
  EXPECT_EQ(words.code, 2);
  EXPECT_EQ(words.out, "");
  EXPECT_THAT(words.err, HasSubstr("only run takes words behind --"));
  const Output nothing = Bellwether("run --election a/b --http 127.0.0.1:0 --");
  EXPECT_EQ(nothing.code, 2);
  EXPECT_THAT(nothing.err, HasSubstr("nothing stands behind --"));
}

TEST(QueryTest, QueueShowsForeignCandidatesAndNamesWhatIsOdd) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return run.Leads(); })) << run.log();
  Elect(etcd, "/bellwether/elections/test/one", "foreign");
  etcd.Etcdctl(std::string("put ") + kOrphan + " stranger");
  const json queue = json::parse(Bellwether(etcd, "queue test/one -o json").out)["queue"];
  ASSERT_EQ(queue.size(), 3u);
  EXPECT_EQ(queue[0]["id"], "a");
  EXPECT_EQ(queue[0]["own"], true);
  EXPECT_EQ(queue[0]["leaseGrantedMs"], 5000);
  EXPECT_EQ(queue[0]["remarks"], json::array());
  EXPECT_EQ(queue[1]["id"], "foreign");
  EXPECT_EQ(queue[1]["own"], false);
  EXPECT_EQ(queue[2]["lease"], nullptr);
  EXPECT_EQ(queue[2]["remarks"][0]["code"], "orphan-no-lease");
  const Output table = Bellwether(etcd, "queue test/one");
  EXPECT_LT(table.out.find(" a "), table.out.find("stranger")) << table.out;
  EXPECT_THAT(table.out, HasSubstr("orphan: no lease, never expires"));
  EXPECT_THAT(Bellwether(etcd, "queue test/one -o wide").out, HasSubstr(kOrphan));
  EXPECT_THAT(Bellwether(etcd, "queue test/one -o yaml").out,
              HasSubstr("code: \"orphan-no-lease\""));
}

// What that means for the place is RemarksOn's to say.
TEST(QueryTest, QueueTellsWhatIsLeftOfALease) {
  EtcdServer etcd;
  const std::string granted = etcd.Etcdctl("lease grant 6000");
  const std::string lease = granted.substr(6, granted.find(' ', 6) - 6);
  etcd.Etcdctl("put --lease=" + lease + " /bellwether/elections/test/one/x dead");
  const json place = json::parse(Bellwether(etcd, "queue test/one -o json").out)["queue"][0];
  EXPECT_EQ(place["leaseGrantedMs"], 6000000);
  EXPECT_GT(place["leaseTtlMs"], 5000000);
  EXPECT_LE(place["leaseTtlMs"], 6000000);
}

TEST(QueryTest, GetShowsEachElectionWithItsLeaderAndTellsOfForeignKeys) {
  EtcdServer etcd;
  EXPECT_EQ(Bellwether(etcd, "get").out, "ELECTION  LEADER  TOKEN  CANDIDATES\n");
  Elect(etcd, "/bellwether/elections/test/one", "first");
  Elect(etcd, "/bellwether/elections/test/two", "second");
  etcd.Etcdctl("put /bellwether/elections/Not-A-Label/x/y z");
  const Output table = Bellwether(etcd, "get");
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("test/one"));
  EXPECT_THAT(table.out, Not(HasSubstr("Not-A-Label")));
  EXPECT_THAT(table.err, HasSubstr("1 keys under /bellwether/elections belong to no election"));
  EXPECT_THAT(Bellwether(etcd, "get -o wide").out, HasSubstr("/bellwether/elections/test/two/"));
  const json elections = json::parse(Bellwether(etcd, "get -o json").out)["elections"];
  ASSERT_EQ(elections.size(), 2u);
  EXPECT_EQ(elections[0]["election"], "test/one");
  EXPECT_EQ(elections[0]["leader"]["id"], "first");
  EXPECT_EQ(elections[1]["candidates"], 1);
}

TEST(QueryTest, AListLongerThanAPageIsWhole) {
  EtcdServer etcd;
  // 2,100 places: more than two pages.
  const std::string file = etcd.folder() + "/puts";
  etcd.Etcdctl(
      "version > /dev/null; for i in $(seq 0 20); do (echo; for j in $(seq 0 99); do echo "
      "\"put /bellwether/elections/test/e$i-$j/x v\"; done; echo; echo) | ETCDCTL_API=3 "
      "etcdctl --endpoints=" +
      etcd.endpoints() + " txn > " + file + "; done");
  EXPECT_EQ(json::parse(Bellwether(etcd, "get -o json").out)["elections"].size(), 2100u);
}

TEST(QueryTest, ResignNeverTouchesThePlaceOfAProcess) {
  EtcdServer etcd;
  EXPECT_EQ(Bellwether(etcd, "resign test/one --yes").code, 3);
  Elect(etcd, "/bellwether/elections/test/one", "foreign");
  const Output refused = Bellwether(etcd, "resign test/one --yes");
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("SIGTERM"));
  EXPECT_EQ(Bellwether(etcd, "leader test/one").out, "foreign\n");
}

TEST(QueryTest, ResignFreesAnElectionOfAnOrphanOnceItIsConfirmed) {
  EtcdServer etcd;
  etcd.Etcdctl(std::string("put ") + kOrphan + " stranger");
  RunProcess run(etcd, "a", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return run.Logged("queued"); })) << run.log();
  const Output asked = Bellwether(etcd, "resign test/one");
  EXPECT_EQ(asked.code, 1);
  EXPECT_THAT(asked.err, HasSubstr("--yes"));
  EXPECT_FALSE(run.Leads());
  const Output done = Bellwether(etcd, "resign test/one --yes");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out, std::string(kOrphan) + "\n");
  EXPECT_TRUE(Eventually([&] { return run.Leads(); })) << run.log();
}

TEST(QueryTest, AFullDiskIsAnError) {
  EtcdServer etcd;
  const Output full = Bellwether(etcd, "get > /dev/full");
  EXPECT_EQ(full.code, 1);
  EXPECT_THAT(full.err, HasSubstr("cannot write to standard output"));
}

TEST(QueryTest, VersionHasAFormForPrograms) {
  const Output text = Bellwether("version");
  EXPECT_THAT(text.out, testing::StartsWith("bellwether "));
  const json version = json::parse(Bellwether("version -o json").out)["version"];
  EXPECT_EQ("bellwether " + version.get<std::string>() + "\n", text.out);
}

}  // namespace
}  // namespace bellwether::cli
