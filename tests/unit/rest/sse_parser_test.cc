#include "rest/sse_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::rest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string Shown(const ServerEvent& event) {
  return event.type + "|" + event.data + "|" + event.id;
}

std::vector<std::string> Shown(const Result<std::vector<ServerEvent>>& events) {
  std::vector<std::string> shown;
  for (const ServerEvent& event : events.value()) shown.push_back(Shown(event));
  return shown;
}

std::vector<std::string> Parsed(std::string_view text) {
  SseParser parser({}, "");
  return Shown(parser.Feed(text));
}

TEST(SseParserTest, AnEventIsWhatItIsWhereverTheBytesAreCut) {
  const std::string text =
      "\xef\xbb\xbf: hello\nretry: 1500\nevent: leader\nid: 7\ndata: {\"a\":\n"
      "data: 1}\r\n\r\n:\rdata\rid:8\r\rdata:x\n\nevent: none\n\nid: 9\n\ndata: last\n\n";
  const auto whole = Parsed(text);
  EXPECT_THAT(whole,
              ElementsAre("leader|{\"a\":\n1}|7", "message||8", "message|x|8", "message|last|9"));
  for (size_t first = 0; first <= text.size(); ++first) {
    for (size_t second = first; second <= text.size(); ++second) {
      SseParser parser({}, "");
      std::vector<std::string> told;
      for (const std::string& part :
           {text.substr(0, first), text.substr(first, second - first), text.substr(second)}) {
        for (const std::string& event : Shown(parser.Feed(part))) told.push_back(event);
      }
      ASSERT_EQ(told, whole) << first << " " << second;
      ASSERT_EQ(parser.retry(), Milliseconds(1500));
    }
  }
}

TEST(SseParserTest, AnEventThatIsNotCompleteIsNone) {
  SseParser parser({}, "3");
  EXPECT_THAT(Shown(parser.Feed("id: 4\ndata: half\n")), IsEmpty());
  // To be resumed from what was told, not from what was cut.
  EXPECT_EQ(parser.last_id(), "3");
  EXPECT_THAT(Shown(parser.Feed("\n")), ElementsAre("message|half|4"));
  EXPECT_EQ(parser.last_id(), "4");
}

TEST(SseParserTest, AnIdThatCannotBeAHeaderIsIgnored) {
  SseParser parser({}, "");
  const std::string with_nul("id: a\0b\ndata: x\n\n", 18);
  EXPECT_THAT(Shown(parser.Feed(with_nul)), ElementsAre("message|x|"));
  EXPECT_THAT(Shown(parser.Feed("id: " + std::string(2000, 'x') + "\ndata: y\n\n")),
              ElementsAre("message|y|"));
}

TEST(SseParserTest, ARetryThatIsNoNumberIsIgnored) {
  SseParser parser({}, "");
  for (const char* line :
       {"retry: -1\n", "retry: 1s\n", "retry:\n", "retry: 999999999999999999999\n"}) {
    ASSERT_TRUE(parser.Feed(line)) << line;
    EXPECT_EQ(parser.retry(), std::nullopt) << line;
  }
}

TEST(SseParserTest, ALineWithoutAnEndIsBounded) {
  SseParser parser({.line_bytes = 100, .event_bytes = 1000}, "");
  EXPECT_TRUE(parser.Feed(std::string(100, 'x')));
  const auto beyond = parser.Feed("x");
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, Code::kTooLarge);
}

TEST(SseParserTest, AnEventOfManyLinesIsBounded) {
  SseParser parser({.line_bytes = 100, .event_bytes = 150}, "");
  const std::string line = "data: " + std::string(90, 'x') + "\n";
  EXPECT_TRUE(parser.Feed(line));
  const auto beyond = parser.Feed(line);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, Code::kTooLarge);
}

}  // namespace
}  // namespace bellwether::rest
