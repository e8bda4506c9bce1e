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
  std::string key = KeyOf(view->ns, view->name);
  const std::unique_lock lock(mutex_);
  elections_.insert_or_assign(std::move(key), std::move(view));
}

void ViewStore::Remove(std::string_view ns, std::string_view name) {
  const std::string key = KeyOf(ns, name);
  const std::unique_lock lock(mutex_);
  elections_.erase(key);
}

void ViewStore::SetFreshness(const Freshness& freshness) {
  const std::unique_lock lock(mutex_);
  freshness_ = freshness;
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

}  // namespace bellwether::election
