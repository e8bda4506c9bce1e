// Elections as they change, told by etcd or by a controller.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "cli/answers.h"
#include "cli/source.h"
#include "cli/target.h"

namespace bellwether::cli {

// Told what happens, on one thread. Each returns whether to go on.
class FollowHandler {
 public:
  virtual ~FollowHandler() = default;
  // As it is now; it need not differ from what was told before.
  virtual bool OnElection(const Summary& election) = 0;
  // Nobody stands in it any more, and it is not known any more.
  virtual bool OnGone(const std::string& election) = 0;
  // What was told before counts for nothing: everything that there is follows, then OnKnown.
  virtual bool OnReset() = 0;
  // Everything that there is has been told, and is confirmed from here on.
  virtual bool OnKnown() = 0;
  // It is not confirmed any more, or was not yet within a while; until OnKnown.
  virtual bool OnDoubt(const std::string& why) = 0;
};

// All elections, or one.
struct Followed {
  std::string root;                  // or, where a controller is asked, all that it serves
  const Target* election = nullptr;  // null = all
};

// Blocks until the handler does not want to go on (Ok) or it cannot go on: kInvalid, kPermission,
// kNotFound. Every other trouble is doubt, and is tried again for ever.
Status Follow(const SourceFlags& flags, const Followed& followed, FollowHandler& handler);

// The two kinds of it.
Status FollowEtcd(const ConnectionFlags& flags, const Followed& followed, FollowHandler& handler);
Status FollowController(const SourceFlags& flags, const Followed& followed, FollowHandler& handler);

}  // namespace bellwether::cli
