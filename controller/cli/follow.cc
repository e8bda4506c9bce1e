#include "cli/follow.h"

namespace bellwether::cli {

Status Follow(const SourceFlags& flags, const Followed& followed, FollowHandler& handler) {
  return flags.by_controller() ? FollowController(flags, followed, handler)
                               : FollowEtcd(flags.connection, followed, handler);
}

}  // namespace bellwether::cli
