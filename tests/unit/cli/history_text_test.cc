#include "cli/history_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const Target kTarget{.name = "batch/report", .prefix = ""};

HistoryAnswer Answer() {
  HistoryAnswer answer;
  answer.complete_since = {{8}, {}, WallTime(1800000000s)};
  answer.changes.push_back({.seen = {{9}, {}, WallTime(1800000001s)},
                            .listed = true,
                            .token = {7},
                            .id = "a\x1b",
                            .address = "http://a:80",
                            .led_for = 90s});
  answer.changes.push_back({.seen = {{12}, {}, WallTime(1800000091s)}});
  return answer;
}

TEST(HistoryTextTest, ATableReadsAsALog) {
  EXPECT_EQ(HistoryTable(Answer(), false, Paint()),
            "TIME                      LEADER  TOKEN  LED FOR\n"
            "2027-01-15T08:00:01.000Z  a?      7      1m30s\n"
            "2027-01-15T08:01:31.000Z  -       -      -\n");
  const std::string wide = HistoryTable(Answer(), true, Paint());
  EXPECT_THAT(wide, HasSubstr("1m30s    9         list     http://a:80\n"));
  EXPECT_THAT(wide, HasSubstr("12        event    -\n"));
}

TEST(HistoryTextTest, ADocumentHasTheNamesOfTheHttpAnswer) {
  const Document document = HistoryDocument(kTarget, Answer());
  EXPECT_EQ(document["election"], "batch/report");
  EXPECT_EQ(document["completeSince"].dump(),
            R"({"time":"2027-01-15T08:00:00.000Z","revision":8})");
  EXPECT_EQ(document["changes"][0]["ledForMs"], 90000);
  EXPECT_EQ(document["changes"][0]["leader"]["address"], "http://a:80");
  EXPECT_EQ(document["changes"][0]["fencingToken"], 7);
  EXPECT_TRUE(document["changes"][1]["leader"].is_null());
  EXPECT_TRUE(document["changes"][1]["fencingToken"].is_null());
}

TEST(HistoryTextTest, TheSentenceSaysSinceWhenOrThatItIsUnknown) {
  EXPECT_EQ(SinceWhen(kTarget, Answer()),
            "no change is missing since 2027-01-15T08:00:00.000Z, revision 8");
  EXPECT_THAT(SinceWhen(kTarget, {}), HasSubstr("does not know batch/report"));
  EXPECT_TRUE(HistoryDocument(kTarget, {})["completeSince"].is_null());
  EXPECT_THAT(HistoryTable({}, true, Paint()), Not(HasSubstr("batch")));
}

TEST(HistoryTextTest, ASpanHasTwoUnitsAtMostAndIsNeverLongerThanItWas) {
  EXPECT_EQ(Span(0ms), "0ms");
  EXPECT_EQ(Span(999ms), "999ms");
  EXPECT_EQ(Span(15999ms), "15s");
  EXPECT_EQ(Span(60s), "1m");
  EXPECT_EQ(Span(3599999ms), "59m59s");
  EXPECT_EQ(Span(2h + 3min + 59s), "2h3m");
  EXPECT_EQ(Span(24h + 59min), "1d");
  EXPECT_EQ(Span(240h), "10d");
}

}  // namespace
}  // namespace bellwether::cli
