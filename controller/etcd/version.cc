#include "etcd/version.h"

#include <cstdio>

namespace bellwether::etcd {

bool MayConfirmRevokedLeases(const std::string& version) {
  int major = 0;
  int minor = 0;
  int patch = 0;
  if (std::sscanf(version.c_str(), "%d.%d.%d", &major, &minor, &patch) != 3 || major != 3)
    return false;
  return minor < 4 || (minor == 4 && patch < 38) || (minor == 5 && patch < 23) ||
         (minor == 6 && patch < 5);
}

}  // namespace bellwether::etcd
