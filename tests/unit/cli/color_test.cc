#include "cli/color.h"

#include <gtest/gtest.h>

namespace bellwether::cli {
namespace {

TEST(ColorTest, IsForATerminalThatCan) {
  EXPECT_TRUE(UsesColor(ColorChoice::kAuto, true, nullptr, "xterm"));
  EXPECT_FALSE(UsesColor(ColorChoice::kAuto, false, nullptr, "xterm"));
  for (const char* term : {static_cast<const char*>(nullptr), "", "dumb"}) {
    EXPECT_FALSE(UsesColor(ColorChoice::kAuto, true, nullptr, term));
  }
}

TEST(ColorTest, NoColorCountsWhenItIsNotEmpty) {
  EXPECT_FALSE(UsesColor(ColorChoice::kAuto, true, "1", "xterm"));
  EXPECT_TRUE(UsesColor(ColorChoice::kAuto, true, "", "xterm"));
}

TEST(ColorTest, AnExplicitChoiceWins) {
  EXPECT_TRUE(UsesColor(ColorChoice::kAlways, false, "1", "dumb"));
  EXPECT_FALSE(UsesColor(ColorChoice::kNever, true, nullptr, "xterm"));
}

TEST(ColorTest, PlainTextAndNothingStayAsTheyAre) {
  EXPECT_EQ(Paint(true)(Style::kPlain, "a"), "a");
  EXPECT_EQ(Paint(true)(Style::kBad, ""), "");
  EXPECT_EQ(Paint(false)(Style::kBad, "a"), "a");
  EXPECT_EQ(Paint(true)(Style::kBad, "a"), "\x1b[31ma\x1b[0m");
}

}  // namespace
}  // namespace bellwether::cli
