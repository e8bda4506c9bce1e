#include "election/name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::election {
namespace {

using ::testing::HasSubstr;

TEST(NameTest, RefusesWhatIsNotTwoDnsLabels) {
  for (const std::string bad :
       {"", "/", "a", "a/", "/b", "a/b/c", "A/b", "a/b_", "-a/b", "a/b-", ".control/b", "a/ü"}) {
    EXPECT_FALSE(ParseElectionName(bad).ok()) << bad;
  }
  EXPECT_FALSE(ParseElectionName("a/" + std::string(64, 'x')).ok());
  EXPECT_FALSE(ParseElectionName(std::string(1'000'000, '/')).ok());
}

TEST(NameTest, TheErrorSaysWhichPartBreaksTheRule) {
  EXPECT_THAT(ParseElectionName("Batch/report").error().message, HasSubstr("namespace \"Batch\""));
  EXPECT_THAT(ParseElectionName("batch/Report").error().message, HasSubstr("name \"Report\""));
}

TEST(NameTest, APrefixIsRootNamespaceName) {
  const auto name = ParseElectionName("batch/report-2");
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(name->str(), "batch/report-2");
  EXPECT_EQ(PrefixOf(kDefaultRoot, *name), "/bellwether/elections/batch/report-2");
}

TEST(NameTest, PrefixesNestOnlyAtASlash) {
  EXPECT_TRUE(PrefixesNest("a", "a/b"));
  EXPECT_TRUE(PrefixesNest("a/b", "a"));
  EXPECT_TRUE(PrefixesNest("a", "a"));
  EXPECT_FALSE(PrefixesNest("a", "ab"));
  EXPECT_FALSE(PrefixesNest("/x/a", "/x/b"));
}

TEST(NameTest, KubernetesDataAndOddPrefixesAreRefused) {
  EXPECT_TRUE(CheckPrefix("/TEST/LOCKER").ok());
  EXPECT_TRUE(CheckPrefix("/registry2").ok());
  for (const std::string bad : {"", "/", "/a/", "/registry", "/registry/leases", "/a\nb"}) {
    EXPECT_FALSE(CheckPrefix(bad).ok()) << bad;
  }
  EXPECT_FALSE(CheckPrefix(std::string(1025, 'a')).ok());
}

}  // namespace
}  // namespace bellwether::election
