// log.access: who asked for what, as an operator finds it in the log.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <sstream>

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

class AccessLogTest : public testing::Test {
 protected:
  void Start(const std::string& wanted) {
    Join(etcd_, "test/one", "a");
    controller_.emplace(etcd_, "log: {access: " + wanted + "}\n");
    ASSERT_TRUE(controller_->Leads("test/one", "a")) << controller_->log();
    const std::string url = controller_->url();
    port_ = static_cast<uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  }

  // The lines of requests whose path holds this text.
  std::vector<json> Lines(const std::string& path) {
    std::vector<json> lines;
    std::istringstream log(controller_->log());
    for (std::string line; std::getline(log, line);) {
      json parsed = json::parse(line, nullptr, false);
      if (parsed.is_object() && parsed.value("message", "") == "request" &&
          parsed["path"].get<std::string>().find(path) != std::string::npos) {
        lines.push_back(std::move(parsed));
      }
    }
    return lines;
  }
  json Line(const std::string& path) {
    EXPECT_TRUE(Eventually([&] { return Lines(path).size() == 1; })) << controller_->log();
    const auto lines = Lines(path);
    return lines.empty() ? json::object() : lines.front();
  }

  const EtcdServer etcd_;
  std::optional<ControllerProcess> controller_;
  uint16_t port_ = 0;
};

TEST_F(AccessLogTest, EachRequestHasItsLineAndProbesHaveNone) {
  Start("all");
  controller_->Get("/livez?one");
  controller_->Get("/metrics?two");
  const Answer answer = controller_->Get("/v1/elections?limit=3", "-A 'tester/1.0'");
  EXPECT_EQ(answer.status, 200);
  const json line = Line("limit=3");
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["method"], "GET");
  EXPECT_EQ(line["path"], "/v1/elections?limit=3");
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(line["bytes"], answer.body.size());
  EXPECT_GE(line["duration_ms"], 0);
  EXPECT_EQ(line["cut"], false);
  EXPECT_EQ(line["user_agent"], "tester/1.0");
  EXPECT_THAT(line["remote"].get<std::string>(), HasSubstr("127.0.0.1:"));
  controller_->Get("/v1/elections?limit=4", "-I");
  EXPECT_EQ(Line("limit=4")["bytes"], 0);
  EXPECT_TRUE(Lines("/livez").empty());
  EXPECT_TRUE(Lines("/metrics").empty());
}

TEST_F(AccessLogTest, WhatAClientSendsIsEscapedAndCut) {
  Start("all");
  RawClient hostile = RawClient::To(port_);
  hostile.Get("/nothing" + std::string(3000, 'a') + "?<>\"",
              "User-Agent: \x9b[31m\xff" + std::string(1000, 'u') + "\r\n");
  EXPECT_EQ(hostile.Read().status, 404);
  const json line = Line("/nothing");
  EXPECT_EQ(line["path"].get<std::string>().size(), 1024u + 3);
  EXPECT_EQ(line["user_agent"].get<std::string>().substr(0, 16), "\\x9b[31m\\xffuuuu");
  EXPECT_LT(line["user_agent"].get<std::string>().size(), 300u);
  RawClient broken = RawClient::To(port_);
  broken.Send("NONSENSE\r\n\r\n");
  EXPECT_EQ(broken.Read().status, 400);
  EXPECT_TRUE(Eventually([&] {
    const std::vector<json> all = Lines("");
    return std::any_of(all.begin(), all.end(),
                       [](const json& one) { return one["status"] == 400; });
  })) << controller_->log();
}

TEST_F(AccessLogTest, StreamsAndWaitsAreToldAtTheirEnd) {
  Start("all");
  {
    RawClient stream = RawClient::To(port_);
    stream.Get("/v1/watch?namespace=test", "Accept: text/event-stream\r\n");
    EXPECT_EQ(stream.Read().status, 200);
    EXPECT_TRUE(stream.ReadUntil("event: sync"));
    EXPECT_TRUE(Lines("/v1/watch").empty());
  }
  const json line = Line("/v1/watch");
  EXPECT_EQ(line["status"], 200);
  EXPECT_GT(line["bytes"], 100);
  {
    RawClient wait = RawClient::To(port_);
    wait.Get("/v1/elections/test/one/leader?index=999999&wait=5m");
    ASSERT_TRUE(Eventually([&] {
      return controller_->Get("/metrics").body.find("bellwether_http_watchers 1\n") !=
             std::string::npos;
    }));
  }
  const json gone = Line("wait=5m");
  EXPECT_EQ(gone["status"], 0);
  EXPECT_EQ(gone["cut"], true);
}

TEST_F(AccessLogTest, ErrorsAloneAndNoneBySighup) {
  Start("errors");
  controller_->Get("/v1/elections?limit=5");
  controller_->Get("/missing/1");
  EXPECT_EQ(Line("/missing/1")["status"], 404);
  EXPECT_TRUE(Lines("limit=5").empty());
  const std::string file = etcd_.folder() + "/controller.yaml";
  std::string config = test::Contents(file);
  config.replace(config.find("errors"), 6, "none");
  std::ofstream(file) << config;
  // A reading is told before it is applied, so a second one shows that the first one was.
  const auto read_again = [&](size_t times) {
    controller_->process().Signal(SIGHUP);
    return Eventually([&] {
      const std::string log = controller_->log();
      const std::string text = "configuration read again";
      size_t found = 0;
      for (size_t at = 0; (at = log.find(text, at)) != std::string::npos; at += text.size()) {
        ++found;
      }
      return found == times;
    });
  };
  ASSERT_TRUE(read_again(1) && read_again(2)) << controller_->log();
  controller_->Get("/missing/2");
  ASSERT_TRUE(read_again(3));
  EXPECT_TRUE(Lines("/missing/2").empty());
}

}  // namespace
}  // namespace bellwether::app
