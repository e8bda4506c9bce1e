// A real server on loopback over a store with the election batch/report, led by "a".
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "calls_fixture.h"
#include "http/server.h"
#include "raw_client.h"
#include "support/eventually.h"

namespace bellwether::http {

using test::Eventually;
using test::RawClient;
using test::RawResponse;

constexpr const char* kLeader = "/v1/elections/batch/report/leader";
constexpr const char* kAskEtcd = "/v1/elections/batch/report/leader?consistency=linearizable";

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    store_.Publish(MakeElection("batch", "report", {MakeCandidate("a", 7)}));
    store_.SetFreshness({.loaded = true, .as_of = BootClock::now(), .watching = true});
    options_.listen = "127.0.0.1:0";
  }

  void Start() {
    auto started = Server::Start(options_, MakeSources());
    ASSERT_TRUE(started) << started.error().message;
    server_ = *std::move(started);
  }
  RawClient Connect() { return RawClient::To(server_->port()); }

  // A connection with which `use` worked. Where time-outs are short a busy machine may miss one:
  // the next connection is tried then.
  RawClient ConnectInTime(const std::function<bool(RawClient&)>& use) {
    for (int tried = 0; tried < 50; ++tried) {
      RawClient made = Connect();
      if (use(made)) return made;
    }
    throw std::runtime_error("no connection was in time");
  }

  Sources MakeSources() {
    return {.views = store_,
            .metrics = [this] { return std::string(metrics_bytes_, 'm'); },
            .readiness = [] { return Readiness{}; },
            .read_linearizable =
                [this](election::ElectionName, LinearizableCallback callback) {
                  const std::lock_guard lock(mutex_);
                  asked_.push_back(std::move(callback));
                }};
  }
  // Waits until the server has asked etcd, and takes the callback.
  LinearizableCallback NextQuestion() {
    LinearizableCallback question;
    EXPECT_TRUE(Eventually([&] {
      const std::lock_guard lock(mutex_);
      if (asked_.empty()) return false;
      question = std::move(asked_.front());
      asked_.erase(asked_.begin());
      return true;
    }));
    return question;
  }
  bool Asked() {
    const std::lock_guard lock(mutex_);
    return !asked_.empty();
  }
  static LinearizableLeader Word(std::string id) {
    return {.leader = MakeCandidate(std::move(id), 7), .revision = {1000}};
  }

  election::ViewStore store_;
  size_t metrics_bytes_ = 10;
  std::mutex mutex_;
  std::vector<LinearizableCallback> asked_;
  ServerOptions options_;
  std::unique_ptr<Server> server_;
};

}  // namespace bellwether::http
