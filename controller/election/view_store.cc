#include "election/view_store.h"

#include <mutex>

namespace bellwether::election {
namespace {

std::string KeyOf(std::string_view ns, std::string_view name) {
  std::string key;
  key.reserve(ns.size() + 1 + name.size());
  return key.append(ns).append("/").append(name);
}

}  // namespace

void ViewStore::Publish(ElectionPtr view) {
  const std::string key = KeyOf(view->ns, view->name);
  {
    const std::unique_lock lock(mutex_);
    elections_.insert_or_assign(key, std::move(view));
  }
  Tell(key);
}

void ViewStore::Remove(std::string_view ns, std::string_view name) {
  const std::string key = KeyOf(ns, name);
  {
    const std::unique_lock lock(mutex_);
    elections_.erase(key);
  }
  Tell(key);
}

void ViewStore::SetFreshness(const Freshness& freshness) {
  {
    const std::unique_lock lock(mutex_);
    freshness_ = freshness;
  }
  Tell("");
}

ElectionPtr ViewStore::Find(std::string_view ns, std::string_view name) const {
  const std::string key = KeyOf(ns, name);
  const std::shared_lock lock(mutex_);
  const auto it = elections_.find(key);
  return it == elections_.end() ? nullptr : it->second;
}

Freshness ViewStore::freshness() const {
  const std::shared_lock lock(mutex_);
  return freshness_;
}

std::vector<ElectionPtr> ViewStore::List(std::string_view ns, std::string_view after,
                                         size_t limit) const {
  const std::string first = ns.empty() ? std::string() : std::string(ns) + "/";
  std::vector<ElectionPtr> found;
  const std::shared_lock lock(mutex_);
  auto it = after >= first ? elections_.upper_bound(after) : elections_.lower_bound(first);
  // Publish never stores an empty key, so upper_bound("") is the first one.
  for (; it != elections_.end() && it->first.starts_with(first); ++it) {
    if (limit != 0 && found.size() == limit) break;
    found.push_back(it->second);
  }
  return found;
}

size_t ViewStore::size() const {
  const std::shared_lock lock(mutex_);
  return elections_.size();
}

void ViewStore::Attach(const std::shared_ptr<ChangeFeed>& feed) const {
  const std::lock_guard lock(feeds_mutex_);
  std::erase_if(feeds_, [](const auto& known) { return known.expired(); });
  feeds_.push_back(feed);
}

void ViewStore::Tell(const std::string& election) const {
  const std::lock_guard lock(feeds_mutex_);
  for (const auto& known : feeds_) {
    if (const auto feed = known.lock()) feed->Note(election);
  }
}

}  // namespace bellwether::election
