// How a controller starts, refuses to, and ends.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "support/eventually.h"
#include "support/shell.h"
#include "wire/controller/controller_process.h"

namespace bellwether::app {
namespace {

using test::EtcdServer;
using test::Eventually;
using test::Shell;
using testing::HasSubstr;

bool Stopping(ControllerProcess& controller) {
  return Eventually([&] { return controller.process().Logged("\"message\":\"stopping\""); });
}

// A read that waits for an etcd that is stopped, and longer than the test.
constexpr const char* kPatient = "http: {listen: \"127.0.0.1:0\", limits: {answerTimeout: 5m}}\n";

// True once it is under way.
bool Held(ControllerProcess& controller) {
  // Its connection and the one that asks.
  return Eventually([&] {
    return controller.Get("/metrics").body.find("bellwether_http_connections 2\n") !=
           std::string::npos;
  });
}

std::vector<std::string> Read(ControllerProcess& controller) {
  return {"curl",
          "-s",
          "--max-time",
          "30",
          "-w",
          "\nstatus %{http_code}\n",
          controller.url() + "/v1/elections/test/one/leader?consistency=linearizable"};
}

TEST(ControllerStopTest, EndsWith0OnTermAndOnInt) {
  const EtcdServer etcd;
  for (const int signal : {SIGTERM, SIGINT}) {
    ControllerProcess controller(etcd, "", "stop" + std::to_string(signal));
    ASSERT_TRUE(controller.Ready()) << controller.log();
    controller.process().Signal(signal);
    EXPECT_EQ(controller.process().Wait(), 0) << controller.log();
    EXPECT_THAT(controller.log(), HasSubstr("\"message\":\"stopped\""));
  }
}

TEST(ControllerStopTest, EndsWith0OnTermWhileItStartsAndWhileEtcdIsAway) {
  EtcdServer etcd;
  etcd.Kill(0);
  ControllerProcess controller(etcd);
  ASSERT_TRUE(Eventually([&] { return controller.process().Logged("starting"); }));
  controller.process().Signal(SIGTERM);
  EXPECT_EQ(controller.process().Wait(), 0) << controller.log();
}

TEST(ControllerStopTest, ARequestUnderWayIsAnsweredBeforeTheEnd) {
  const EtcdServer etcd;
  etcd.Etcdctl("put /bellwether/elections/test/one/1 a");
  ControllerProcess controller(etcd, kPatient);
  ASSERT_TRUE(controller.Ready()) << controller.log();
  etcd.Signal(0, SIGSTOP);
  BackgroundProcess curl(Read(controller), etcd.folder() + "/held");
  ASSERT_TRUE(Held(controller)) << controller.log();
  controller.process().Signal(SIGTERM);
  ASSERT_TRUE(Stopping(controller)) << controller.log();
  etcd.Signal(0, SIGCONT);
  EXPECT_EQ(controller.process().Wait(), 0) << controller.log();
  EXPECT_EQ(curl.Wait(), 0);
  EXPECT_THAT(curl.log(), HasSubstr("\"leader\":{\"id\":\"a\""));
  EXPECT_THAT(curl.log(), HasSubstr("status 200"));
}

TEST(ControllerStopTest, ASecondSignalEndsItAtOnce) {
  const EtcdServer etcd;
  ControllerProcess controller(etcd, kPatient);
  ASSERT_TRUE(controller.Ready()) << controller.log();
  etcd.Signal(0, SIGSTOP);
  const BackgroundProcess curl(Read(controller), etcd.folder() + "/held");
  ASSERT_TRUE(Held(controller)) << controller.log();
  controller.process().Signal(SIGTERM);
  ASSERT_TRUE(Stopping(controller)) << controller.log();
  // Until it has its handler, a second one waits in the queue.
  controller.process().Signal(SIGTERM);
  EXPECT_EQ(controller.process().Wait(), 128 + SIGTERM) << controller.log();
  EXPECT_EQ(controller.log().find("\"message\":\"stopped\""), std::string::npos);
  etcd.Signal(0, SIGCONT);
}

// Starts it with this file and waits for its end: what it said, then "exit N".
std::string Refused(const EtcdServer& etcd, const std::string& config) {
  const std::string file = etcd.folder() + "/bad.yaml";
  std::ofstream(file) << config;
  return Shell(std::string("timeout 30 ") + BELLWETHER_BINARY + " controller --config " + file +
               " 2>&1; echo exit $?");
}

TEST(ControllerStartTest, RefusesAFileWithMistakesAndNamesThem) {
  const EtcdServer etcd;
  const std::string said = Refused(
      etcd, "etcd: {endpoints: [\"" + etcd.endpoints() + "\"]}\nhttp: {listn: \"127.0.0.1:0\"}\n");
  EXPECT_THAT(said,
              HasSubstr("/bad.yaml:2:8: http.listn: unknown key; did you mean \"listen\"?\n"));
  EXPECT_THAT(said, testing::EndsWith("exit 2\n"));
  EXPECT_THAT(Refused(etcd,
                      "etcd: {endpoints: [\"https://h:1\"], tls: {ca: /nonexistent/ca}}\n"
                      "http: {listen: \"127.0.0.1:0\"}\n"),
              testing::AllOf(HasSubstr("TLS file /nonexistent/ca cannot be used"),
                             testing::EndsWith("exit 2\n")));
  EXPECT_THAT(Shell(std::string(BELLWETHER_BINARY) + " controller 2>&1; echo exit $?"),
              testing::AllOf(HasSubstr("no configuration file"), testing::EndsWith("exit 2\n")));
}

TEST(ControllerStartTest, APortInUseIsSaidWithWhatToDo) {
  const EtcdServer etcd;
  ControllerProcess first(etcd);
  const std::string address = first.url().substr(std::string("http://").size());
  ASSERT_FALSE(address.empty()) << first.log();
  const std::string said = Refused(etcd, "etcd: {endpoints: [\"" + etcd.endpoints() +
                                             "\"]}\nhttp: {listen: \"" + address + "\"}\n");
  EXPECT_THAT(said, HasSubstr("cannot listen on " + address));
  EXPECT_THAT(said, HasSubstr("choose another port"));
  EXPECT_THAT(said, testing::EndsWith("exit 1\n"));
}

TEST(ControllerStartTest, PrintsItsSchema) {
  const std::string schema = Shell(std::string(BELLWETHER_BINARY) + " controller --print-schema");
  EXPECT_TRUE(nlohmann::json::parse(schema, nullptr, false).contains("properties"));
}

}  // namespace
}  // namespace bellwether::app
