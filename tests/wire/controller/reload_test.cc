// SIGHUP: the configuration is read again, and nobody who is connected notices.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <memory>

#include "support/eventually.h"
#include "support/shell.h"
#include "unit/http/raw_client.h"
#include "wire/controller/controller_process.h"

namespace bellwether::app {
namespace {

using nlohmann::json;
using test::EtcdServer;
using test::Eventually;
using test::RawClient;
using testing::HasSubstr;

class ReloadTest : public testing::Test {
 protected:
  ReloadTest() {
    Hold("/bellwether/elections/test/one", "a");
    Write("");
    controller_.emplace(std::vector<std::string>{BELLWETHER_BINARY, "controller", "--config", file_,
                                                 "--set", "http.listen=127.0.0.1:0"},
                        etcd_.folder() + "/controller.log");
    EXPECT_TRUE(Eventually([&] { return controller_->Logged("\"message\":\"ready\""); }))
        << controller_->log();
    const std::string log = controller_->log();
    const std::string before = "\"address\":\"127.0.0.1:";
    port_ = static_cast<uint16_t>(std::stoi(log.substr(log.find(before) + before.size())));
  }

  void Hold(const std::string& prefix, const std::string& id) {
    const std::string lease = etcd_.Etcdctl("lease grant 600 | cut -d' ' -f2 | tr -d '\n'");
    etcd_.Etcdctl("put --lease=" + lease + " " + prefix + "/" + lease + " " + id);
  }

  void Write(const std::string& more) {
    std::ofstream(file_ + ".new") << "etcd: {endpoints: [\"" << etcd_.endpoints() << "\"]}\n"
                                  << more;
    // At once, as Kubernetes changes the files of a ConfigMap.
    ASSERT_EQ(rename((file_ + ".new").c_str(), file_.c_str()), 0);
  }

  // Sends SIGHUP and waits for what it says: one more line with this text.
  void Reload(const std::string& line) {
    const size_t before = controller_->log().size();
    controller_->Signal(SIGHUP);
    ASSERT_TRUE(Eventually([&] {
      return controller_->log().find(line, before) != std::string::npos;
    })) << controller_->log();
  }

  std::string Get(const std::string& path) {
    RawClient client = RawClient::To(port_);
    client.Get(path, "Accept: */*\r\n");
    return client.Read().body;
  }
  std::string Leader(const std::string& election, const std::string& query = "") {
    const json answer =
        json::parse(Get("/v1/elections/" + election + "/leader" + query), nullptr, false);
    if (!answer.contains("leader") || answer["leader"].is_null()) return "";
    return answer["stale"] == true ? "stale" : answer["leader"]["id"].get<std::string>();
  }
  // Of the line that begins with this, such as a name and its labels.
  static std::string Sample(const std::string& metrics, const std::string& name) {
    const size_t at = metrics.find("\n" + name + " ");
    if (at == std::string::npos) return "";
    const size_t value = at + name.size() + 2;
    return metrics.substr(value, metrics.find('\n', value) - value);
  }
  // A call or stream that waits; its output is curl's.
  std::unique_ptr<BackgroundProcess> Wait(const std::string& path,
                                          const std::string& accept = "*/*") {
    return std::make_unique<BackgroundProcess>(
        std::vector<std::string>{"curl", "-sN", "-H", "Accept: " + accept,
                                 "http://127.0.0.1:" + std::to_string(port_) + path},
        etcd_.folder() + "/curl" + std::to_string(++waits_));
  }
  std::unique_ptr<BackgroundProcess> Stream(const std::string& path) {
    return Wait(path, "text/event-stream");
  }
  static bool Says(const BackgroundProcess& curl, const std::string& text) {
    return Eventually([&] { return curl.Logged(text); });
  }
  // Index of the answer, or of the 404.
  std::string Index(const std::string& election) {
    RawClient client = RawClient::To(port_);
    client.Get("/v1/elections/" + election + "/leader", "Accept: */*\r\n");
    return client.Read().Field("X-Bellwether-Index");
  }
  std::string Metric(const std::string& name) { return Sample(Get("/metrics"), name); }
  std::string WatchStreams() {
    return Sample(etcd_.Metrics(0),
                  "grpc_server_started_total{grpc_method=\"Watch\",grpc_service=\"etcdserverpb."
                  "Watch\",grpc_type=\"bidi_stream\"}");
  }

  EtcdServer etcd_;
  const std::string file_ = etcd_.folder() + "/live.yaml";
  std::optional<BackgroundProcess> controller_;
  uint16_t port_ = 0;
  int waits_ = 0;
};

TEST_F(ReloadTest, AppliesWhatItCanAndDisturbsNobody) {
  Hold("/TEST/LOCKER", "old-hand");
  RawClient client = RawClient::To(port_);
  const auto answer = [&] {
    client.Get("/v1/elections/test/one/leader");
    return json::parse(client.Read().body, nullptr, false);
  };
  ASSERT_TRUE(Eventually([&] { return answer()["stale"] == false; }));
  const std::string streams = WatchStreams();
  ASSERT_FALSE(streams.empty());
  EXPECT_EQ(Metric("bellwether_config_last_reload_successful"), "1");
  EXPECT_EQ(Leader("legacy/locker"), "");

  Write(
      "elections: {prefixes: [{election: legacy/locker, prefix: /TEST/LOCKER}]}\n"
      "metrics: {maxElections: 0}\nclusters: [{name: main, quotaBytes: 8Gi}]\n"
      "log: {level: debug, format: text}\n");
  Reload("configuration read again");
  EXPECT_THAT(controller_->log(),
              HasSubstr("\"applied\":\"elections.prefixes, clusters[0].quotaBytes, "
                        "metrics.maxElections, log.format, log.level\""));
  EXPECT_TRUE(Eventually([&] {
    // What was served goes on while a prefix is added, on the connection from before.
    EXPECT_EQ(answer()["leader"]["id"], "a");
    return Leader("legacy/locker") == "old-hand";
  })) << controller_->log();
  EXPECT_TRUE(Eventually([&] { return answer()["stale"] == false; }));
  const std::string metrics = Get("/metrics");
  EXPECT_EQ(Sample(metrics, "bellwether_elections_beyond_limit"), "2");
  EXPECT_EQ(Sample(metrics, "bellwether_watch_relists_total"), "0");
  EXPECT_EQ(WatchStreams(), streams);
  EXPECT_TRUE(Eventually([&] {
    return Get("/metrics").find("} 8589934592\n") != std::string::npos;
  })) << "the quota, with the next sample";

  // A change of its leader is seen, and it goes on when others come and go.
  etcd_.Etcdctl("del --prefix /TEST/LOCKER/");
  Hold("/TEST/LOCKER", "new-hand");
  EXPECT_TRUE(Eventually([&] { return Leader("legacy/locker") == "new-hand"; }));

  Write("");
  Reload("configuration read again");
  EXPECT_TRUE(Eventually([&] {
    return Get("/v1/elections/legacy/locker").find("\"status\":404") != std::string::npos;
  })) << Get("/v1/elections/legacy/locker");
  EXPECT_EQ(answer()["leader"]["id"], "a");
  EXPECT_EQ(Metric("bellwether_elections_beyond_limit"), "0");
  EXPECT_EQ(Metric("bellwether_watch_relists_total"), "0");
  EXPECT_EQ(WatchStreams(), streams);
  EXPECT_EQ(controller_->log().find("leader gone, nobody waits\",\"election\":\"legacy/locker\","
                                    "\"previous\":\"new-hand"),
            std::string::npos)
      << "an election that is served no more has not lost its leader";
  controller_->Signal(SIGTERM);
  EXPECT_EQ(controller_->Wait(), 0) << controller_->log();
}

// Nothing changes in etcd meanwhile, so no revision tells anybody.
TEST_F(ReloadTest, WhoWaitsHearsOfAPrefixThatComesOrGoesWhileEtcdIsIdle) {
  const std::string with = "elections: {prefixes: [{election: legacy/locker, prefix: /T/L}]}\n";
  const std::string leader = "/v1/elections/legacy/locker/leader";
  Hold("/T/L", "old-hand");
  // So that every index is etcd's revision: nothing else could tell the two states apart.
  Write(with);
  Reload("configuration read again");
  ASSERT_TRUE(Eventually([&] { return Leader("legacy/locker") == "old-hand"; }));
  Write("");
  Reload("configuration read again");
  ASSERT_TRUE(Eventually([&] { return Leader("legacy/locker").empty(); }));
  const std::string revision = Index("legacy/locker");

  const auto many = Stream("/v1/watch");
  ASSERT_TRUE(Says(*many, "event: sync")) << many->log();
  for (int round = 0; round < 2; ++round) {
    const bool add = round == 0;
    const auto one = Stream(leader);
    ASSERT_TRUE(Says(*one, add ? "event: unknown" : "event: leader")) << one->log();
    const auto waits = Wait(leader + "?wait=5m&index=" + Index("legacy/locker"));
    ASSERT_TRUE(Eventually([&] { return Metric("bellwether_http_watchers") == "3"; }));
    Write(add ? with : "");
    Reload("configuration read again");
    EXPECT_TRUE(Says(*one, add ? "old-hand" : "event: unknown")) << one->log();
    EXPECT_TRUE(Says(*many, add ? "old-hand" : "event: unknown")) << many->log();
    EXPECT_EQ(waits->Wait(), 0) << waits->log();
    EXPECT_EQ(waits->Logged("old-hand"), add) << waits->log();
  }
  EXPECT_EQ(Index("legacy/locker"), revision) << "this proves nothing: etcd was not idle";
}

TEST_F(ReloadTest, TheElectionOfTheRootThatAPrefixHidShowsAgainAtOnce) {
  const std::string with = "elections: {prefixes: [{election: legacy/locker, prefix: /T/L}]}\n";
  Write(with);
  Reload("configuration read again");
  ASSERT_TRUE(Eventually([&] {
    return Get("/v1/elections/legacy/locker").find("\"leader\":null") != std::string::npos;
  }));
  Hold("/bellwether/elections/legacy/locker", "of-the-root");
  Hold("/T/L", "of-the-prefix");
  ASSERT_TRUE(Eventually([&] { return Leader("legacy/locker") == "of-the-prefix"; }));
  const auto one = Stream("/v1/elections/legacy/locker/leader");
  const auto many = Stream("/v1/watch");
  ASSERT_TRUE(Says(*one, "of-the-prefix")) << one->log();
  ASSERT_TRUE(Says(*many, "event: sync")) << many->log();
  Write("");
  Reload("configuration read again");
  EXPECT_TRUE(Says(*one, "of-the-root")) << one->log();
  EXPECT_TRUE(Says(*many, "of-the-root")) << many->log();
  EXPECT_EQ(Leader("legacy/locker"), "of-the-root");
  EXPECT_EQ(Metric("bellwether_watch_relists_total"), "0");
}

TEST_F(ReloadTest, APrefixThatWasRefusedIsShownAndTriedAgain) {
  Hold("/TEST/LOCKER", "old-hand");
  Write("elections: {prefixes: [{election: test/one, prefix: /TEST/LOCKER}]}\n");
  Reload("the root has an election of its name");
  EXPECT_TRUE(Eventually([&] { return Metric("bellwether_prefixes_refused") == "1"; }));
  EXPECT_THAT(Get("/readyz?verbose"), HasSubstr("SIGHUP tries them again"));
  etcd_.Etcdctl("del --prefix /bellwether/elections/test/one/");
  ASSERT_TRUE(Eventually([&] { return Leader("test/one").empty(); }));
  Reload("configuration read again");
  EXPECT_TRUE(Eventually([&] { return Leader("test/one") == "old-hand"; }));
  EXPECT_TRUE(Eventually([&] { return Metric("bellwether_prefixes_refused") == "0"; }));
}

TEST_F(ReloadTest, LimitsApplyToWhatComesNextAndCutNobody) {
  RawClient stream = RawClient::To(port_);
  const std::string leader = "/v1/elections/test/one/leader";
  stream.Get(leader, "Accept: text/event-stream\r\n");
  EXPECT_EQ(stream.Read().status, 200);
  Write("http: {limits: {watchers: 1, targetBytes: 600}}\n");
  Reload("configuration read again");
  EXPECT_THAT(controller_->log(),
              HasSubstr("\"applied\":\"http.limits.targetBytes, http.limits.watchers\""));
  EXPECT_TRUE(Eventually([&] {
    RawClient refused = RawClient::To(port_);
    refused.Get(leader, "Accept: text/event-stream\r\n");
    return refused.Read().status == 503;
  }));
  RawClient wordy = RawClient::To(port_);
  wordy.Get("/" + std::string(1000, 'a'));
  EXPECT_EQ(wordy.Read().status, 414);
  EXPECT_TRUE(stream.ReadUntil("\"id\":\"a\""));
  etcd_.Etcdctl("del --prefix /bellwether/elections/test/one/");
  Hold("/bellwether/elections/test/one", "b");
  EXPECT_TRUE(stream.ReadUntil("\"id\":\"b\"")) << "the stream was cut";
}

TEST_F(ReloadTest, NamesWhatNeedsARestart) {
  Write("elections: {root: /elsewhere}\n");
  Reload("in effect after a restart only");
  EXPECT_THAT(controller_->log(), HasSubstr("elections.root"));
  EXPECT_NE(Metric("bellwether_config_keys_waiting"), "0");
  EXPECT_EQ(Metric("bellwether_config_last_reload_successful"), "1");
  EXPECT_EQ(Leader("test/one"), "a");
  // A prefix that fits beside the new root only, while the old one is in effect.
  Write(
      "elections: {root: /elsewhere, prefixes: [{election: b/c, prefix: "
      "/bellwether/elections/x}]}\n");
  Reload("the old one stays in effect");
  EXPECT_THAT(controller_->log(), HasSubstr("\"key\":\"elections.prefixes[0].prefix\""));
  Write("");
  Reload("configuration read again");
  EXPECT_EQ(Metric("bellwether_config_keys_waiting"), "0");
}

TEST_F(ReloadTest, APrefixUnderTheNameOfAnElectionOfTheRootIsRefused) {
  Hold("/TEST/LOCKER", "old-hand");
  Write("elections: {prefixes: [{election: test/one, prefix: /TEST/LOCKER}]}\n");
  Reload("the root has an election of its name");
  EXPECT_EQ(Leader("test/one"), "a");
  EXPECT_EQ(Leader("test/one", "?consistency=linearizable"), "a");
}

TEST_F(ReloadTest, AFileWithMistakesKeepsEverythingAndSaysWhy) {
  const std::string read_at = Metric("bellwether_config_last_reload_success_timestamp_seconds");
  EXPECT_FALSE(read_at.empty());
  Write(
      "log: {level: loud}\nelections: {prefixes: [{election: legacy/locker, prefix: /T}], x: 1}\n");
  Reload("the old one stays in effect\",\"config\":\"" + file_ + "\",\"problems\":2");
  EXPECT_THAT(controller_->log(),
              HasSubstr("\"place\":\"" + file_ + ":2:14\",\"key\":\"log.level\""));
  EXPECT_THAT(controller_->log(), HasSubstr("\"key\":\"elections.x\",\"why\":\"unknown key;"));
  EXPECT_EQ(Metric("bellwether_config_last_reload_successful"), "0");
  EXPECT_EQ(Metric("bellwether_config_last_reload_success_timestamp_seconds"), read_at);
  EXPECT_EQ(Leader("test/one"), "a");
  EXPECT_EQ(Leader("legacy/locker"), "");
  std::remove(file_.c_str());
  Reload("cannot be read: No such file or directory");
  EXPECT_EQ(Metric("bellwether_config_last_reload_successful"), "0");
  Write("");
  Reload("configuration read again");
  EXPECT_EQ(Metric("bellwether_config_last_reload_successful"), "1");
}

}  // namespace
}  // namespace bellwether::app
