// The reader that the other tests believe: each fault is found.
#include "support/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* kHead = "# HELP a_b It is.\n# TYPE a_b gauge\n";

TEST(ExpositionTest, ReadsWhatIsRight) {
  const Exposition read =
      ParseExposition(std::string(kHead) + "a_b 1\na_b{x=\"1\",y=\"a\\\"\\\\b,}\"} -2.5e3\n");
  EXPECT_THAT(read.faults, IsEmpty());
  EXPECT_EQ(read.types.at("a_b"), "gauge");
  EXPECT_EQ(read.Count("a_b"), 2u);
  EXPECT_EQ(read.Value("a_b"), 1);
  EXPECT_EQ(read.Value("a_b", {{"x", "1"}, {"y", "a\"\\b,}"}}), -2500);
}

TEST(ExpositionTest, FindsEachFault) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a_b 1\na_b 2\n", "series comes twice"},
      {"a_b{x=\"1\",y=\"2\"} 1\na_b{y=\"2\",x=\"1\"} 1\n", "series comes twice"},
      {"# TYPE a_b gauge\n", "family comes twice"},
      {"other 1\n", "sample away from its family"},
      {"a_b{x=\"1\",x=\"2\"} 1\n", "bad labels"},
      {"a_b{x=\"1} 1\n", "bad labels"},
      {"a_b{x=\"a\"b\"} 1\n", "bad labels"},
      {"a_b{x=\"\\t\"} 1\n", "bad labels"},
      {"a_b one\n", "bad value"},
      {"a_b{x=\"1\"}1\n", "no value"},
      {"\n", "no sample"},
      {"a_b{x=\"\xff\"} 1\n", "not UTF-8"},
      {"a_b 1", "no line feed at the end"},
  };
  for (const auto& [text, fault] : cases) {
    EXPECT_THAT(ParseExposition(kHead + text).faults, ElementsAre(StartsWith(fault))) << text;
  }
}

}  // namespace
}  // namespace bellwether::test
