#include "base/ids.h"

#include <gtest/gtest.h>

namespace bellwether {
namespace {

TEST(LeaseIdTest, PrintsUnpaddedLowerCaseHexAsConcurrencyKeysDo) {
  EXPECT_EQ(LeaseId{0x1bea20a29fa9c35}.Hex(), "1bea20a29fa9c35");
  EXPECT_EQ(LeaseId{-1}.Hex(), "ffffffffffffffff");
}

TEST(LeaseIdTest, ReadsOneToSixteenHexDigitsAndNothingElse) {
  EXPECT_EQ(LeaseId::FromHex("1bea20a29fa9c35"), LeaseId{0x1bea20a29fa9c35});
  EXPECT_EQ(LeaseId::FromHex("ffffffffffffffff"), LeaseId{-1});
  for (const char* bad : {"", "0x1", "1g", " 1", "1 ", "-1", "+1", "11111111111111111"}) {
    EXPECT_EQ(LeaseId::FromHex(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace bellwether
