#include "growth/revision_size.h"

#include <gtest/gtest.h>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;

TEST(RevisionSizeTest, IsAGuessUntilThereIsEvidence) {
  RevisionSize size;
  EXPECT_EQ(size.bytes(), 256);
  size.Add(99, 99 * 100, 30s);
  EXPECT_EQ(size.bytes(), 256);
  size.Add(99, 99 * 100, 30s);
  EXPECT_NEAR(size.bytes(), 100, 0.01);
}

TEST(RevisionSizeTest, AFewLargeValuesAreEvidence) {
  RevisionSize size;
  size.Add(4, 8 << 20, 30s);
  EXPECT_NEAR(size.bytes(), 2 << 20, 1);
}

TEST(RevisionSizeTest, IsTheLargerOfTheRecentAndTheSlowOne) {
  RevisionSize size;
  for (int i = 0; i < 720; ++i) size.Add(3000, 3000 * 100, 30s);
  for (int i = 0; i < 20; ++i) size.Add(3000, 3000 * 1000, 30s);
  EXPECT_GT(size.bytes(), 850);  // over six hours it is 160
  for (int i = 0; i < 20; ++i) size.Add(3000, 3000 * 10, 30s);
  EXPECT_NEAR(size.bytes(), 133, 1);
}

TEST(RevisionSizeTest, IsNeverAbsurd) {
  RevisionSize size;
  size.Add(1000, -5e9, 30s);
  EXPECT_EQ(size.bytes(), 16);
  RevisionSize growth_without_revisions;
  growth_without_revisions.Add(0, 1e12, 30s);
  EXPECT_EQ(growth_without_revisions.bytes(), 256);
}

}  // namespace
}  // namespace bellwether::growth
