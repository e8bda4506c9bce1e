#include "base/backoff.h"

#include <gtest/gtest.h>

namespace bellwether {
namespace {

using namespace std::chrono_literals;

TEST(BackoffTest, DoublesUpToTheCapWithinTheUpperHalf) {
  Backoff backoff({.first = 100ms, .cap = 1000ms}, 1);
  for (const Milliseconds span : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    const Milliseconds wait = backoff.Next();
    EXPECT_GE(wait, span / 2);
    EXPECT_LE(wait, span);
  }
}

TEST(BackoffTest, StartsAgainAfterReset) {
  Backoff backoff({.first = 100ms, .cap = 1000ms}, 1);
  for (int i = 0; i < 100; ++i) EXPECT_LE(backoff.Next(), 1000ms);
  backoff.Reset();
  EXPECT_LE(backoff.Next(), 100ms);
}

}  // namespace
}  // namespace bellwether
