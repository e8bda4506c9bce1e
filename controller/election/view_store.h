// The published views of all elections that this process serves. One writer (the shard), any number
// of reading threads.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "election/change_feed.h"
#include "election/view.h"

namespace bellwether::election {

class ViewStore {
 public:
  // Writer side, shard thread.
  void Publish(ElectionPtr view);
  void Remove(std::string_view ns, std::string_view name);
  void SetFreshness(const Freshness& freshness);

  // Reader side, any thread. Null = no such election.
  ElectionPtr Find(std::string_view ns, std::string_view name) const;
  Freshness freshness() const;
  // In the order of "ns/name", starting after `after` ("" = from the first), at most `limit` (0 =
  // all). An empty `ns` means all namespaces.
  std::vector<ElectionPtr> List(std::string_view ns, std::string_view after, size_t limit) const;
  size_t size() const;
  // Tells this feed of what changes from now on, while somebody owns it.
  void Attach(const std::shared_ptr<ChangeFeed>& feed) const;

 private:
  void Tell(const std::string& election) const;

  mutable std::shared_mutex mutex_;
  std::map<std::string, ElectionPtr, std::less<>> elections_;  // by "ns/name"
  Freshness freshness_;

  mutable std::mutex feeds_mutex_;
  mutable std::vector<std::weak_ptr<ChangeFeed>> feeds_;
};

}  // namespace bellwether::election
