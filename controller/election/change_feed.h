// What has changed in a ViewStore since it was last asked: the names, each once, however often it
// changed meanwhile. So a reader that is slow learns less often, never too late, and takes no more
// memory than the elections have names.
//
// Thread: Note on the writer's; the rest on any.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

namespace bellwether::election {

class ChangeFeed {
 public:
  // `ready` is called on the writer's thread when there is something to take after there was
  // nothing. It must not block.
  explicit ChangeFeed(std::function<void()> ready);

  // The elections ("ns/name") that were published or removed; none when only the freshness was set.
  // What the store held when they were noted can be read from it by now.
  std::vector<std::string> Take();
  // Once it has returned, `ready` is not called any more.
  void Close();

  // Of the store: an election, or "" for the freshness.
  void Note(const std::string& election);

 private:
  std::mutex mutex_;
  std::function<void()> ready_;
  bool announced_ = false;
  std::unordered_set<std::string> changed_;
};

}  // namespace bellwether::election
