#include "growth/member_status.h"

#include <gtest/gtest.h>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;

TEST(MemberStatusTest, IsCurrentOnlyWhileItAnswersAndForThreeRounds) {
  const MonotonicTime t0{100s};
  MemberStatus member{.reachable = true, .sampled_at = t0};
  EXPECT_TRUE(IsCurrent(member, 10s, t0 + 30s));
  EXPECT_FALSE(IsCurrent(member, 10s, t0 + 30s + 1ms));
  member.reachable = false;
  EXPECT_FALSE(IsCurrent(member, 10s, t0));
  EXPECT_FALSE(IsCurrent(MemberStatus{.reachable = true}, 10s, t0));
}

TEST(QuotaTest, TheServersWordCountsThenTheConfiguredOne) {
  EXPECT_EQ(QuotaOf("3.6.16", 8 << 20, 1 << 20), 8 << 20);
  EXPECT_EQ(QuotaOf("3.7.3", -1, 1 << 20), -1);
  EXPECT_EQ(QuotaOf("3.5.8", 0, 1 << 20), 1 << 20);
  EXPECT_EQ(QuotaOf("3.4.23", 0, std::nullopt), std::nullopt);
}

TEST(QuotaTest, ZeroIsTheDefaultOnceAServerTellsQuotas) {
  EXPECT_EQ(QuotaOf("3.6.5", 0, 1 << 20), kDefaultQuotaBytes);
  EXPECT_EQ(QuotaOf("3.10.0-rc.1", 0, std::nullopt), kDefaultQuotaBytes);
  EXPECT_EQ(QuotaOf("4.0.0", 0, std::nullopt), kDefaultQuotaBytes);
}

TEST(QuotaTest, AVersionThatIsNoneTellsNothing) {
  for (const char* version : {"", "3", "3.", "3.x", "v3.6.1", "99999999999.6"}) {
    EXPECT_EQ(QuotaOf(version, 0, std::nullopt), std::nullopt) << version;
  }
}

TEST(AlarmTest, IsReadFromTheErrorsOfAStatus) {
  EXPECT_TRUE(NamesAlarm({"memberID:10501334649042878790 alarm:NOSPACE "}, "NOSPACE"));
  EXPECT_TRUE(NamesAlarm({"etcdserver: no leader", "memberID:1  alarm:  CORRUPT"}, "CORRUPT"));
  EXPECT_FALSE(NamesAlarm({"memberID:1 alarm:NOSPACE"}, "CORRUPT"));
  EXPECT_FALSE(NamesAlarm({"memberID:1 alarm:NOSPACES"}, "NOSPACE"));
  EXPECT_FALSE(NamesAlarm({"", "alarm:", "alarm:   ", "NOSPACE"}, "NOSPACE"));
  EXPECT_FALSE(NamesAlarm({}, "NOSPACE"));
}

}  // namespace
}  // namespace bellwether::growth
