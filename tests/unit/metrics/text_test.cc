#include "metrics/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace bellwether::metrics {
namespace {

using namespace std::string_literals;

TEST(CleanLabelValueTest, KeepsGoodUtf8) {
  for (const char* good : {"", "worker-1", "a\"\\b", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x90\x91",
                           "\xEF\xBF\xBD", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(CleanLabelValue(good), good);
  }
}

TEST(CleanLabelValueTest, ReplacesWhatIsNoUtf8AndControlCharacters) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(CleanLabelValue("a\xFFz"), "a" + bad + "z");
  EXPECT_EQ(CleanLabelValue("\xC3"), bad);                                // cut short
  EXPECT_EQ(CleanLabelValue("\xE2\x82z"), bad + bad + "z");               // cut short within
  EXPECT_EQ(CleanLabelValue("\xC0\xAF"), bad + bad);                      // overlong
  EXPECT_EQ(CleanLabelValue("\xE0\x80\x80"), bad + bad + bad);            // overlong
  EXPECT_EQ(CleanLabelValue("\xED\xA0\x80"), bad + bad + bad);            // a surrogate
  EXPECT_EQ(CleanLabelValue("\xF4\x90\x80\x80"), bad + bad + bad + bad);  // above U+10FFFF
  EXPECT_EQ(CleanLabelValue("\x80"), bad);                                // starts within
  EXPECT_EQ(CleanLabelValue("a\0b\nc\x7F"s), "a" + bad + "b" + bad + "c" + bad);
}

TEST(CleanLabelValueTest, CutsBetweenCharacters) {
  EXPECT_EQ(CleanLabelValue(std::string(1 << 20, 'x')).size(), kMaxLabelValueBytes);
  std::string euros;
  for (int i = 0; i < 1000; ++i) euros += "\xE2\x82\xAC";
  EXPECT_EQ(CleanLabelValue(euros), euros.substr(0, kMaxLabelValueBytes / 3 * 3));
}

TEST(AppendLabelTest, Escapes) {
  std::string labels;
  AppendLabel("a", "x\\y\"z", labels);
  AppendLabel("b", "two\nlines", labels);
  EXPECT_EQ(labels, "a=\"x\\\\y\\\"z\",b=\"two\xEF\xBF\xBDlines\"");
}

TEST(FamilyTest, WritesItsHeadAndItsSamples) {
  std::string out;
  Family family(out, "sheep_total", Kind::kCounter, "Sheep that passed.");
  family.Add("", std::numeric_limits<uint64_t>::max());
  family.Add("kind=\"ewe\"", std::numeric_limits<int64_t>::min());
  family.Add("kind=\"ram\"", 1764000000.25);
  EXPECT_EQ(out,
            "# HELP sheep_total Sheep that passed.\n"
            "# TYPE sheep_total counter\n"
            "sheep_total 18446744073709551615\n"
            "sheep_total{kind=\"ewe\"} -9223372036854775808\n"
            "sheep_total{kind=\"ram\"} 1764000000.25\n");
}

}  // namespace
}  // namespace bellwether::metrics
