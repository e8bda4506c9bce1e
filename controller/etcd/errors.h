// etcd's refusals in our words: what failed, where, etcd's own words, and whether it may have been
// applied.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "etcd/transport.h"

namespace bellwether::etcd {

// `writes`: the call changes something, so that an answer that never came leaves its effect
// unknown.
Error ToError(std::string_view method, std::string_view endpoint, const RpcStatus& status,
              bool writes);

// The token is not (or no longer) known: authenticate once and send again. etcd reports it as
// "invalid auth token", as "revision of auth store is old" when users or roles changed after the
// token was made, and as "user name is empty" when there was none, because authentication was
// switched on only now.
bool AsksForNewToken(const RpcStatus& status);
bool AsksForNewToken(std::string_view words);

// The member cannot serve now although it answers: no leader, stopping, overloaded, a learner.
// Another one may.
bool AnotherEndpointMayHelp(const RpcStatus& status);

}  // namespace bellwether::etcd
