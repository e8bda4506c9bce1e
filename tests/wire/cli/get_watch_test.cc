// `get --watch` as a process, by etcd and by a controller.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "run/program.h"
#include "support/etcd_server.h"
#include "support/eventually.h"
#include "wire/controller/controller_process.h"

namespace bellwether::cli {
namespace {

using app::ControllerProcess;
using app::Join;
using app::Leave;
using test::EtcdServer;
using test::Eventually;
using testing::ElementsAre;
using testing::HasSubstr;

// ELECTION and LEADER of each line.
std::vector<std::string> Lines(const BackgroundProgram& get) {
  std::istringstream text(get.out());
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string election, leader;
    words >> election >> leader;
    lines.push_back(election + " " + leader);
  }
  return lines;
}

// The same story, whoever tells it.
void TellsChanges(EtcdServer& etcd, const std::string& source) {
  Join(etcd, "test/one", "a");
  const BackgroundProgram get(etcd.folder() + "/get", "get -w " + source);
  ASSERT_TRUE(Eventually([&] { return Lines(get).size() >= 2; })) << get.err();
  Join(etcd, "test/a-longer-name", "b");
  ASSERT_TRUE(get.Says("test/a-longer-name  b")) << get.err();
  Leave(etcd, "test/one");
  ASSERT_TRUE(get.Says("test/one  -")) << get.err();
  EXPECT_THAT(Lines(get),
              ElementsAre("ELECTION LEADER", "test/one a", "test/a-longer-name b", "test/one -"));
}

TEST(GetWatchTest, PrintsTheTableThenALineForEachChange) {
  EtcdServer etcd;
  TellsChanges(etcd, "--endpoints=" + etcd.endpoints());
}

TEST(GetWatchTest, AControllerTellsTheSame) {
  EtcdServer etcd;
  ControllerProcess controller(etcd);
  ASSERT_TRUE(controller.Ready());
  TellsChanges(etcd, "--controller=" + controller.url());
}

TEST(GetWatchTest, JsonIsADocumentALine) {
  EtcdServer etcd;
  Join(etcd, "test/one", "a");
  const BackgroundProgram get(etcd, "get -w -o json");
  ASSERT_TRUE(get.Says("\n")) << get.err();
  Join(etcd, "test/two", "b");
  ASSERT_TRUE(get.Says("\"b\"")) << get.err();
  std::istringstream lines(get.out());
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(nlohmann::json::parse(line)["election"].is_string()) << line;
  }
}

TEST(GetWatchTest, AnotherReplicaGoesOnWithoutTellingAllAgain) {
  EtcdServer etcd;
  Join(etcd, "test/one", "a");
  ControllerProcess first(etcd, "", "first"), second(etcd, "", "second");
  ASSERT_TRUE(first.Ready() && second.Ready());
  const BackgroundProgram get(etcd.folder() + "/get",
                              "get -w --controller=" + first.url() + "," + second.url());
  ASSERT_TRUE(get.Says("test/one")) << get.err();
  first.process().Signal(SIGKILL);
  Join(etcd, "test/two", "b");
  ASSERT_TRUE(get.Says("test/two")) << get.err();
  EXPECT_THAT(Lines(get), ElementsAre("ELECTION LEADER", "test/one a", "test/two b"));
}

TEST(GetWatchTest, TroubleIsToldOnStandardErrorAlone) {
  EtcdServer etcd;
  const BackgroundProgram get(etcd, "get -w");
  ASSERT_TRUE(get.Says("ELECTION")) << get.err();
  etcd.Signal(0, SIGSTOP);
  EXPECT_TRUE(Eventually([&] { return get.err().find("may have changed") != std::string::npos; }));
  etcd.Signal(0, SIGCONT);
  Join(etcd, "test/one", "a");
  EXPECT_TRUE(get.Says("test/one")) << get.err();
  EXPECT_THAT(Lines(get), ElementsAre("ELECTION LEADER", "test/one a"));
}

}  // namespace
}  // namespace bellwether::cli
