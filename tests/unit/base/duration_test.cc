#include "base/duration.h"

#include <gtest/gtest.h>

namespace bellwether {
namespace {

using namespace std::chrono_literals;

TEST(DurationTest, ReadsANumberAndAUnit) {
  EXPECT_EQ(*ParseDuration("0s"), 0ms);
  EXPECT_EQ(*ParseDuration("500ms"), 500ms);
  EXPECT_EQ(*ParseDuration("15s"), 15s);
  EXPECT_EQ(*ParseDuration("2m"), 2min);
  EXPECT_EQ(*ParseDuration("1h"), 1h);
}

TEST(DurationTest, RefusesWhatIsNotOneAndShowsHowToWriteIt) {
  for (const char* bad :
       {"", "s", "15", "-1s", "1.5s", "15 s", "15S", "99999999999999999999s", "10001h"}) {
    const auto parsed = ParseDuration(bad);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_NE(parsed.error().message.find("such as 15s"), std::string::npos) << bad;
  }
}

TEST(DurationTest, PrintsTheShortestExactForm) {
  EXPECT_EQ(ToString(1500ms), "1500ms");
  EXPECT_EQ(ToString(15s), "15s");
}

}  // namespace
}  // namespace bellwether
