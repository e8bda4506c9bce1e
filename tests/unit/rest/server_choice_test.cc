#include "rest/server_choice.h"

#include <gtest/gtest.h>

namespace bellwether::rest {
namespace {

constexpr Backoff::Options kBackoff{.first = Milliseconds(100), .cap = Milliseconds(1000)};

TEST(ServerChoiceTest, TheNextOneIsAskedAtOnceUntilAllHaveFailed) {
  ServerChoice choice(3, kBackoff, 1);
  EXPECT_EQ(choice.current(), 0u);
  EXPECT_EQ(choice.OnFailed(), Milliseconds(0));
  EXPECT_EQ(choice.current(), 1u);
  EXPECT_EQ(choice.OnFailed(), Milliseconds(0));
  EXPECT_GE(choice.OnFailed(), Milliseconds(50));
  EXPECT_EQ(choice.current(), 0u);
}

TEST(ServerChoiceTest, WaitsGrowUpToTheCapAndEndWithSuccess) {
  ServerChoice choice(1, kBackoff, 1);
  EXPECT_LE(choice.OnFailed(), Milliseconds(100));
  for (int i = 0; i < 10; ++i) (void)choice.OnFailed();
  const Milliseconds late = choice.OnFailed();
  EXPECT_GE(late, Milliseconds(500));
  EXPECT_LE(late, Milliseconds(1000));
  choice.OnWorked();
  EXPECT_LE(choice.OnFailed(), Milliseconds(100));
}

TEST(ServerChoiceTest, WhatAServerAskedForIsWaitedAtLeast) {
  ServerChoice choice(2, kBackoff, 1);
  EXPECT_EQ(choice.OnFailed(Milliseconds(7000)), Milliseconds(0));
  EXPECT_EQ(choice.OnFailed(), Milliseconds(7000));
  (void)choice.OnFailed();
  EXPECT_LT(choice.OnFailed(), Milliseconds(7000));
}

TEST(ServerChoiceTest, ClientsOfOneServerDoNotComeBackTogether) {
  ServerChoice one(1, kBackoff, 1), other(1, kBackoff, 2);
  bool differ = false;
  for (int i = 0; i < 10; ++i) differ |= one.OnFailed() != other.OnFailed();
  EXPECT_TRUE(differ);
}

}  // namespace
}  // namespace bellwether::rest
