// The published views of all elections that this process serves. One writer (the shard), any number of reading threads.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

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
  // In the order of "ns/name", starting after `after` ("" = from the first), at most `limit` (0 = all). An empty `ns` means
  // all namespaces.
  std::vector<ElectionPtr> List(std::string_view ns, std::string_view after, size_t limit) const;
  size_t size() const;

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, ElectionPtr, std::less<>> elections_;  // by "ns/name"
  Freshness freshness_;
};

}  // namespace bellwether::election
