// What is known of etcd's versions.
#pragma once

#include <string>

namespace bellwether::etcd {

// What to upgrade to, for messages.
inline constexpr const char* kLeaseSafeVersions = "3.4.38, 3.5.23, 3.6.5 or newer";

// Servers older than those: they may confirm the keepalive of a revoked lease (etcd PRs 20615,
// 20616, 20813), so that only the fencing token tells an old leader from the new one. False for
// text that is not a version of etcd 3.
bool MayConfirmRevokedLeases(const std::string& version);

}  // namespace bellwether::etcd
