#include "base/nearest.h"

#include <gtest/gtest.h>

namespace bellwether {
namespace {

const std::vector<std::string> kKnown = {"etcd", "elections", "http", "maxElections", "quotaBytes"};

TEST(NearestNameTest, FindsWhatWasMeant) {
  EXPECT_EQ(NearestName("etdc", kKnown), "etcd");           // swapped
  EXPECT_EQ(NearestName("election", kKnown), "elections");  // missing
  EXPECT_EQ(NearestName("https", kKnown), "http");          // extra
  EXPECT_EQ(NearestName("max_elections", kKnown), "maxElections");
  EXPECT_EQ(NearestName("QUOTABYTE", kKnown), "quotaBytes");
}

TEST(NearestNameTest, GuessesNothingFromAfar) {
  EXPECT_EQ(NearestName("grpc", kKnown), std::nullopt);
  EXPECT_EQ(NearestName("", kKnown), std::nullopt);
  EXPECT_EQ(NearestName("x", {}), std::nullopt);
  EXPECT_EQ(NearestName(std::string(1000000, 'e'), kKnown), std::nullopt);
}

}  // namespace
}  // namespace bellwether
