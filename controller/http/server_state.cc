#include "http/server_state.h"

namespace bellwether::http {

void Sessions::Add(const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex_);
  open_.emplace(session.get(), session);
}

void Sessions::Remove(const Session* session) {
  const std::lock_guard lock(mutex_);
  open_.erase(session);
  if (open_.empty()) none_.notify_all();
}

size_t Sessions::size() const {
  const std::lock_guard lock(mutex_);
  return open_.size();
}

std::vector<std::shared_ptr<Session>> Sessions::All() const {
  std::vector<std::shared_ptr<Session>> all;
  const std::lock_guard lock(mutex_);
  all.reserve(open_.size());
  for (const auto& [pointer, session] : open_) {
    if (auto held = session.lock()) all.push_back(std::move(held));
  }
  return all;
}

bool Sessions::WaitUntilNone(Milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return none_.wait_for(lock, timeout, [this] { return open_.empty(); });
}

}  // namespace bellwether::http
