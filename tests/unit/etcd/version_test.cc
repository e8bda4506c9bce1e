#include "etcd/version.h"

#include <gtest/gtest.h>

namespace bellwether::etcd {
namespace {

TEST(VersionTest, NamesTheServersThatMayConfirmRevokedLeases) {
  for (const char* old : {"3.3.27", "3.4.0", "3.4.37", "3.5.8", "3.5.22", "3.6.0", "3.6.4"}) {
    EXPECT_TRUE(MayConfirmRevokedLeases(old)) << old;
  }
  for (const char* safe : {"3.4.38", "3.5.23", "3.5.35", "3.6.5", "3.6.16", "3.7.0", "3.7.3",
                           "4.0.0", "", "unknown"}) {
    EXPECT_FALSE(MayConfirmRevokedLeases(safe)) << safe;
  }
}

}  // namespace
}  // namespace bellwether::etcd
