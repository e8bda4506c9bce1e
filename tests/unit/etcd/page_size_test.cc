#include "etcd/page_size.h"

#include <gtest/gtest.h>

namespace bellwether::etcd {
namespace {

std::vector<KeyValue> Page(int64_t keys, size_t bytes_each) {
  return std::vector<KeyValue>(static_cast<size_t>(keys), {.value = std::string(bytes_each, 'v')});
}

TEST(PageSizeTest, HalvesDownToOneKeyAndGrowsAgain) {
  PageSize page;
  const int64_t first = page.keys();
  int halved = 0;
  while (page.Halve()) ++halved;
  EXPECT_EQ(page.keys(), 1);
  EXPECT_EQ(halved, 9);
  // Large values: never more than was asked for at first.
  for (int i = 0; i < 20; ++i) page.Grow(Page(page.keys(), 1 << 15));
  EXPECT_EQ(page.keys(), first);
}

TEST(PageSizeTest, PagesOfSmallKeysGrowToMegabytesStepByStep) {
  PageSize page;
  const int64_t first = page.keys();
  page.Grow(Page(page.keys(), 200));
  EXPECT_EQ(page.keys(), 4 * first);
  for (int i = 0; i < 5; ++i) page.Grow(Page(page.keys(), 200));
  EXPECT_EQ(page.keys(), 8000);
  // Keys without anything do not make it endless.
  for (int i = 0; i < 20; ++i) page.Grow(Page(page.keys(), 0));
  EXPECT_EQ(page.keys(), 8000);
}

TEST(PageSizeTest, ShrinksWhenValuesAreLargerThanBefore) {
  PageSize page;
  for (int i = 0; i < 5; ++i) page.Grow(Page(page.keys(), 100));
  const int64_t large = page.keys();
  page.Grow(Page(page.keys(), 1 << 12));
  EXPECT_LT(page.keys(), large / 4);
}

TEST(PageSizeTest, APageThatComesTooLateIsHalvedDownToTheFirstSize) {
  PageSize page;
  const int64_t first = page.keys();
  for (int i = 0; i < 5; ++i) page.Grow(Page(page.keys(), 100));
  const Error late{.code = Code::kDeadline, .message = "late"};
  while (page.HalveAfter(late)) {
  }
  EXPECT_EQ(page.keys(), first);
  EXPECT_FALSE(page.HalveAfter({.code = Code::kUnavailable, .message = "away"}));
  EXPECT_TRUE(page.HalveAfter({.code = Code::kTooLarge, .message = "large"}));
}

TEST(PageSizeTest, AnEmptyPageMeansNothing) {
  PageSize page;
  page.Grow({});
  EXPECT_GE(page.keys(), 1000);
}

}  // namespace
}  // namespace bellwether::etcd
