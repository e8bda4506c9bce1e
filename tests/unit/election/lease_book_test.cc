#include "election/lease_book.h"

#include <gtest/gtest.h>

#include "election/fence.h"

namespace bellwether::election {
namespace {

using namespace std::chrono_literals;

constexpr LeaseId kLease{5};
constexpr MonotonicTime kSent{100s};

TEST(LeaseBookTest, ALeaseThatIsNotHeldIsNeverValidAndNeverRevives) {
  LeaseBook book;
  EXPECT_FALSE(book.Renewed(kLease, kSent, 15s));
  EXPECT_EQ(book.valid_until(kLease), MonotonicTime::min());
  book.Granted(kLease, kSent, 15s);
  book.Drop(kLease);
  EXPECT_FALSE(book.Renewed(kLease, kSent + 1s, 15s));
  EXPECT_FALSE(book.Holds(kLease));
}

TEST(LeaseBookTest, TheRenewalThatWasSentLastCountsWheneverItArrives) {
  LeaseBook book;
  book.Granted(kLease, kSent, 15s);
  EXPECT_EQ(book.valid_until(kLease), ValidUntil(kSent, 15s));
  EXPECT_TRUE(book.Renewed(kLease, kSent + 5s, 15s));
  EXPECT_FALSE(book.Renewed(kLease, kSent + 4s, 15s));
  EXPECT_FALSE(book.Renewed(kLease, kSent + 5s, 15s));
  EXPECT_EQ(book.valid_until(kLease), ValidUntil(kSent + 5s, 15s));
}

TEST(LeaseBookTest, TheTtlOfTheAnswerCountsNotTheOneThatWasAskedFor) {
  LeaseBook book;
  book.Granted(kLease, kSent, 15s);
  EXPECT_TRUE(book.Renewed(kLease, kSent + 5s, 6s));
  EXPECT_EQ(book.valid_until(kLease), ValidUntil(kSent + 5s, 6s));
}

}  // namespace
}  // namespace bellwether::election
