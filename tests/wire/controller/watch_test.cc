// Who waits for changes at one of two controllers of a real etcd, and goes on at the other.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "support/eventually.h"
#include "wire/controller/controller_process.h"

namespace bellwether::app {
namespace {

using nlohmann::json;
using test::EtcdServer;
using test::Eventually;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kLeader = "/v1/elections/test/one/leader";

// A client of an event stream that takes up where another one was.
class Stream {
 public:
  Stream(ControllerProcess& controller, const EtcdServer& etcd, const std::string& path,
         const std::string& last_event_id = "")
      : curl_({"curl", "-sN", "-H", "Accept: text/event-stream", "-H",
               "Last-Event-ID: " + last_event_id, controller.url() + path},
              etcd.folder() + "/stream" + std::to_string(++streams_)) {}

  bool Says(const std::string& text) {
    return Eventually([&] { return curl_.Logged(text); });
  }
  std::string text() const { return curl_.log(); }
  std::string id() const {
    const std::string text = curl_.log();
    const size_t at = text.rfind("id: ");
    return at == std::string::npos ? "" : text.substr(at + 4, text.find('\n', at) - at - 4);
  }
  std::optional<int> Wait() { return curl_.Wait(); }

 private:
  static inline int streams_ = 0;
  BackgroundProcess curl_;
};

int64_t StoreRevision(const EtcdServer& etcd) {
  return json::parse(etcd.Etcdctl("endpoint status -w json"))[0]["Status"]["header"]["revision"];
}

TEST(WatchTest, AStreamGoesOnAtTheOtherReplicaAndAfterARestart) {
  const EtcdServer etcd;
  Join(etcd, "test/one", "a");
  auto first = std::make_unique<ControllerProcess>(etcd, "", "first");
  ControllerProcess second(etcd, "", "second");
  ASSERT_TRUE(first->Leads("test/one", "a")) << first->log();
  ASSERT_TRUE(second.Leads("test/one", "a")) << second.log();

  Stream at_first(*first, etcd, kLeader);
  ASSERT_TRUE(at_first.Says("event: leader")) << at_first.text();
  Leave(etcd, "test/one");
  Join(etcd, "test/one", "b");
  ASSERT_TRUE(at_first.Says("\"id\":\"b\"")) << at_first.text();
  first->process().Signal(SIGTERM);
  EXPECT_EQ(at_first.Wait(), 0) << "a server that stops ends its streams";
  EXPECT_EQ(first->process().Wait(), 0);

  // Both know the change that its id names, so nothing is said until the next one.
  Stream at_second(second, etcd, kLeader, at_first.id());
  ASSERT_TRUE(at_second.Says("retry: ")) << at_second.text();
  Leave(etcd, "test/one");
  Join(etcd, "test/one", "c");
  ASSERT_TRUE(at_second.Says("\"id\":\"c\"")) << at_second.text();
  EXPECT_THAT(at_second.text(), Not(HasSubstr("\"id\":\"b\"")));

  // One that was started meanwhile cannot know what came and went before, and says what is.
  const std::string id = at_second.id();
  Leave(etcd, "test/one");
  first = std::make_unique<ControllerProcess>(etcd, "", "first-again");
  Stream again(*first, etcd, kLeader, id);
  ASSERT_TRUE(again.Says("event: unknown")) << again.text();
  Join(etcd, "test/one", "d");
  EXPECT_TRUE(again.Says("\"id\":\"d\"")) << again.text();
}

TEST(WatchTest, AWaitingCallIsAnsweredByTheChangeAtEitherReplica) {
  const EtcdServer etcd;
  Join(etcd, "test/one", "a");
  ControllerProcess first(etcd, "", "first");
  ControllerProcess second(etcd, "", "second");
  ASSERT_TRUE(first.Leads("test/one", "a")) << first.log();
  ASSERT_TRUE(second.Leads("test/one", "a")) << second.log();
  std::string index = first.Get(kLeader).headers.at("x-bellwether-index");
  for (ControllerProcess* controller : {&first, &second}) {
    BackgroundProcess waits({"curl", "-s", controller->url() + kLeader + "?wait=5m&index=" + index},
                            etcd.folder() + "/waits" + index);
    const auto waiting = [&] {
      return controller->Get("/metrics").body.find("\nbellwether_http_watchers 1\n") !=
             std::string::npos;
    };
    ASSERT_TRUE(Eventually(waiting)) << waits.log();
    Join(etcd, "test/one", "behind-" + index);
    EXPECT_EQ(waits.Wait(), 0);
    const json answer = json::parse(waits.log(), nullptr, false);
    ASSERT_TRUE(answer.is_object()) << waits.log();
    EXPECT_GT(answer["revision"], std::stoll(index));
    EXPECT_EQ(answer["leader"]["id"], "a");
    index = answer["revision"].dump();
  }
}

TEST(WatchTest, OneStreamOfManyElectionsResumesAtTheOtherReplica) {
  const EtcdServer etcd;
  Join(etcd, "test/one", "a");
  Join(etcd, "test/two", "b");
  Join(etcd, "other/three", "c");
  ControllerProcess first(etcd, "", "first");
  ControllerProcess second(etcd, "", "second");
  ASSERT_TRUE(first.Leads("test/two", "b")) << first.log();
  ASSERT_TRUE(second.Leads("test/two", "b")) << second.log();
  std::string id;
  {
    Stream all(first, etcd, "/v1/watch?namespace=test");
    ASSERT_TRUE(all.Says("event: sync")) << all.text();
    Leave(etcd, "test/one");
    ASSERT_TRUE(all.Says("\"leader\":null")) << all.text();
    ASSERT_TRUE(Eventually([&] { return all.id() != id; }));
    EXPECT_THAT(all.text(), Not(HasSubstr("other/three")));
    id = all.id();
  }
  Join(etcd, "test/one", "d");
  Stream resumed(second, etcd, "/v1/watch?namespace=test", id);
  ASSERT_TRUE(resumed.Says("\"id\":\"d\"")) << resumed.text();
  ASSERT_TRUE(resumed.Says("event: sync")) << resumed.text();
  EXPECT_THAT(resumed.text(), Not(HasSubstr("event: reset")));
  EXPECT_THAT(resumed.text(), Not(HasSubstr("test/two")));
  Stream elsewhere(second, etcd, "/v1/watch?namespace=test", "1-1");
  EXPECT_TRUE(elsewhere.Says("event: sync")) << elsewhere.text();
  EXPECT_THAT(elsewhere.text(), HasSubstr("event: reset"));
}

TEST(WatchTest, AStreamThatMovesToAReplicaWithOtherPrefixesHearsWhatIsServedThere) {
  const EtcdServer etcd;
  etcd.Etcdctl("put /T/L/1 of-the-prefix");
  ControllerProcess with(etcd, "elections: {prefixes: [{election: test/one, prefix: /T/L}]}\n",
                         "with");
  ControllerProcess without(etcd, "", "without");
  ASSERT_TRUE(with.Leads("test/one", "of-the-prefix")) << with.log();
  ASSERT_TRUE(without.Ready()) << without.log();
  // etcd is idle: both are as far as they can be, and every index is the same.
  std::string one_id;
  std::string many_id;
  {
    Stream one(with, etcd, kLeader);
    Stream many(with, etcd, "/v1/watch");
    ASSERT_TRUE(one.Says("of-the-prefix")) << one.text();
    ASSERT_TRUE(many.Says("event: sync")) << many.text();
    one_id = one.id();
    many_id = many.id();
  }
  Stream one(without, etcd, kLeader, one_id);
  Stream many(without, etcd, "/v1/watch", many_id);
  EXPECT_TRUE(one.Says("event: unknown")) << one.text();
  EXPECT_TRUE(many.Says("event: sync")) << many.text();
  EXPECT_THAT(many.text(), HasSubstr("event: reset"));
  Stream back(with, etcd, kLeader, one.id());
  EXPECT_TRUE(back.Says("of-the-prefix")) << back.text();
}

TEST(WatchTest, ViewsAreCompleteUpToRevisionsThatTouchNoElection) {
  const EtcdServer etcd;
  ControllerProcess controller(
      etcd, "elections: {prefixes: [{election: legacy/locker, prefix: /TEST/LOCKER}]}\n");
  ASSERT_TRUE(controller.Ready()) << controller.log();
  for (int i = 0; i < 3; ++i) etcd.Etcdctl("put /elsewhere x");
  Join(etcd, "legacy/locker", "not-served");
  const int64_t revision = StoreRevision(etcd);
  EXPECT_TRUE(Eventually([&] {
    return controller.Get("/v1/elections").json()["revision"].get<int64_t>() >= revision;
  }));
  EXPECT_EQ(controller.Leader("legacy/locker")["leader"], nullptr);
  EXPECT_THAT(controller.log(), HasSubstr("an explicit prefix has its name"));
}

}  // namespace
}  // namespace bellwether::app
