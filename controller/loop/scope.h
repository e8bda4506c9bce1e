// Nothing runs after its owner is gone: callbacks bound to a Scope do nothing once it is destroyed
// or Reset.
//
// Thread: made, bound, run and destroyed on one shard thread. To come back from another thread,
// Post the bound callback.
#pragma once

#include <memory>
#include <utility>

namespace bellwether {

class Scope {
 public:
  template <typename F>
  auto Bind(F callback) const {
    return [alive = std::weak_ptr<const char>(alive_),
            run = std::move(callback)](auto&&... args) mutable {
      if (alive.expired()) return;
      run(std::forward<decltype(args)>(args)...);
    };
  }
  // Expires with it: for code that goes on after a callback which may have ended its owner.
  std::weak_ptr<const char> life() const { return alive_; }
  // Forgets everything that was bound so far.
  void Reset() { alive_ = std::make_shared<const char>(); }

 private:
  std::shared_ptr<const char> alive_ = std::make_shared<const char>();
};

}  // namespace bellwether
