// Elections for the fuzzers of HTTP: one that leads, one that nobody leads, one whose leader's
// address is a hostile one.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "election/view_store.h"
#include "http/sources.h"

namespace bellwether::fuzz {

inline constexpr MonotonicTime kNow{std::chrono::seconds(1000)};

inline void Publish(election::ViewStore& views, std::string name,
                    const std::vector<std::string>& addresses) {
  auto view = std::make_shared<election::ElectionView>();
  view->ns = "a";
  view->name = std::move(name);
  view->prefix = "/bellwether/elections/a/" + view->name;
  for (const std::string& address : addresses) {
    const auto number = static_cast<int64_t>(view->queue.size()) + 7;
    view->queue.push_back({.id = "x" + std::to_string(number),
                           .address = address,
                           .value = "v\n1",
                           .key = view->prefix + "/" + LeaseId{number}.Hex(),
                           .lease = {number},
                           .create_revision = {number},
                           .mod_revision = {number + 5},
                           .ours = true});
  }
  view->last_change = Revision{20};
  views.Publish(std::move(view));
}

// `views` outlives it. A linearizable read is answered at once.
inline http::Sources MakeSources(election::ViewStore& views) {
  Publish(views, "b", {"http://10.0.0.1:80/app", "http://10.0.0.2"});
  Publish(views, "empty", {});
  Publish(views, "odd", {"http://a/../b"});
  views.SetFreshness({.loaded = true,
                      .revision = {900},
                      .absent_since = {5},
                      .listed_at = {5},
                      .as_of = kNow,
                      .as_of_wall = WallTime(std::chrono::seconds(1800000100)),
                      .watching = true,
                      .cluster_id = 1});
  return {.views = views,
          .metrics = [] { return std::string("bellwether_up 1\n"); },
          .readiness =
              [] {
                return http::Readiness{.checks = {{"etcd", true, ""}}};
              },
          .read_linearizable =
              [](const election::ElectionName&, const http::LinearizableCallback& done) {
                done(http::LinearizableLeader{.revision = {900}});
              }};
}

}  // namespace bellwether::fuzz
