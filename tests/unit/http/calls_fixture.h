// All calls of the HTTP interface over a store of views that a test fills; no sockets, and the time
// is the test's.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "election/history.h"
#include "election/view_store.h"
#include "http/calls.h"

namespace bellwether::http {

inline election::CandidateView MakeCandidate(std::string id, int64_t create_revision) {
  const LeaseId lease{0xabc0 + create_revision};
  return {.id = std::move(id),
          .address = "http://10.0.0.1:80",
          .value = "v1",
          .key = "/bellwether/elections/batch/report/" + lease.Hex(),
          .lease = lease,
          .create_revision = {create_revision},
          .mod_revision = {create_revision},
          .ours = true};
}

inline std::shared_ptr<election::ElectionView> MakeElection(
    std::string ns, std::string name, std::vector<election::CandidateView> queue) {
  auto view = std::make_shared<election::ElectionView>();
  view->ns = std::move(ns);
  view->name = std::move(name);
  view->prefix = "/bellwether/elections/" + view->ns + "/" + view->name;
  view->queue = std::move(queue);
  for (const auto& candidate : view->queue) {
    view->last_change = std::max(view->last_change, candidate.mod_revision);
  }
  if (!view->queue.empty()) view->leader_since = WallTime(std::chrono::seconds(1800000000));
  return view;
}

inline std::string HeaderOf(const Response& response, std::string_view name) {
  for (const Header& header : response.headers) {
    if (header.name == name) return header.value;
  }
  return "";
}

class CallsTest : public testing::Test, protected Waiter {
 protected:
  CallsTest() { SetFresh(); }

  Answer AnswerLater() override {
    return [this](Response response) { late_.push_back(std::move(response)); };
  }

  void AnswerOnChange(ChangeWait wait) override { waits_.push_back(std::move(wait)); }
  void StreamEvents(Subject subject, Response head) override {
    streams_.emplace_back(std::move(subject), std::move(head));
  }

  void SetFresh() {
    store_.SetFreshness({.loaded = true,
                         .revision = {900},
                         .absent_since = {5},
                         .listed_at = {5},
                         .as_of = now_,
                         .as_of_wall = WallTime(std::chrono::seconds(1800000100)),
                         .watching = true,
                         .cluster_id = 1});
  }

  std::optional<Response> Handle(Request request) {
    return Router(AllCalls(sources_, [] { return 2; })).Handle(request, now_, *this);
  }
  Response Get(std::string target, std::string accept = "", std::string if_none_match = "") {
    auto response = Handle({.method = "GET",
                            .target = std::move(target),
                            .accept = std::move(accept),
                            .if_none_match = std::move(if_none_match)});
    EXPECT_TRUE(response.has_value());
    return response.value_or(Response{.status = 0});
  }
  nlohmann::json GetJson(const std::string& target) {
    const Response response = Get(target);
    EXPECT_EQ(response.status, 200) << response.body;
    return nlohmann::json::parse(response.body);
  }
  // Checks that it is a problem of this status with all its members, and returns the end of its
  // type.
  static std::string ProblemOf(const Response& response, int status) {
    EXPECT_EQ(response.status, status) << response.body;
    EXPECT_EQ(response.content_type, "application/problem+json");
    const auto json = nlohmann::json::parse(response.body);
    EXPECT_EQ(json["status"], status);
    for (const char* member : {"type", "title", "detail", "next"}) {
      EXPECT_FALSE(json[member].get<std::string>().empty()) << member;
    }
    const std::string type = json["type"];
    return type.substr(type.rfind(':') + 1);
  }

  MonotonicTime now_{std::chrono::seconds(1000)};
  election::ViewStore store_;
  election::History history_;
  Readiness readiness_;
  std::vector<std::pair<election::ElectionName, LinearizableCallback>> asked_;
  std::vector<Response> late_;
  std::vector<ChangeWait> waits_;
  std::vector<std::pair<Subject, Response>> streams_;
  std::map<LeaseId, Milliseconds> ttls_;
  Sources sources_{.views = store_,
                   .metrics = [] { return std::string("bellwether_up 1\n"); },
                   .readiness = [this] { return readiness_; },
                   .read_linearizable =
                       [this](election::ElectionName name, LinearizableCallback callback) {
                         asked_.emplace_back(std::move(name), std::move(callback));
                       },
                   .lease_ttl = [this](LeaseId lease) -> std::optional<Milliseconds> {
                     const auto known = ttls_.find(lease);
                     if (known == ttls_.end()) return std::nullopt;
                     return known->second;
                   },
                   .history = &history_};
};

}  // namespace bellwether::http
