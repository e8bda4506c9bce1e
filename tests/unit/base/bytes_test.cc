#include "base/bytes.h"

#include <gtest/gtest.h>

namespace bellwether {
namespace {

TEST(BytesTest, ReadsANumberAndAUnit) {
  EXPECT_EQ(*ParseBytes("0"), 0);
  EXPECT_EQ(*ParseBytes("1048576"), 1048576);
  EXPECT_EQ(*ParseBytes("512B"), 512);
  EXPECT_EQ(*ParseBytes("4Ki"), 4096);
  EXPECT_EQ(*ParseBytes("512MiB"), 512 << 20);
  EXPECT_EQ(*ParseBytes("8Gi"), int64_t{8} << 30);
  EXPECT_EQ(*ParseBytes("2Ti"), int64_t{2} << 40);
  EXPECT_EQ(*ParseBytes("1k"), 1000);
  EXPECT_EQ(*ParseBytes("1K"), 1000);
  EXPECT_EQ(*ParseBytes("8GB"), 8'000'000'000);
  EXPECT_EQ(*ParseBytes("9223372036854775807"), INT64_MAX);
}

TEST(BytesTest, RefusesWhatIsNotOneAndShowsHowToWriteIt) {
  for (const char* bad : {"", "Gi", "-1", "1.5Gi", "8 Gi", "8gi", "8ki", "8Bi", "8GiBB", "8i",
                          "8Ei", "8388608Ti", "9223372036854775808", "+8"}) {
    const auto parsed = ParseBytes(bad);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_NE(parsed.error().message.find("such as 8Gi"), std::string::npos) << bad;
  }
}

}  // namespace
}  // namespace bellwether
