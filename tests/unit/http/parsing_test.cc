// Everything that takes text apart or puts it together: targets, Accept, entity tags, addresses,
// response heads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/etag.h"
#include "http/listen_address.h"
#include "http/negotiation.h"
#include "http/response_head.h"
#include "http/target.h"
#include "http/text.h"

namespace bellwether::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(TargetTest, SplitsThePathBeforeItDecodes) {
  const auto target = ParseTarget("/v1/a%2Fb/%41?x=1%262&verbose&&y=");
  ASSERT_TRUE(target);
  EXPECT_THAT(target->path, ElementsAre("v1", "a/b", "A"));
  ASSERT_EQ(target->query.size(), 3u);
  EXPECT_EQ(target->query[0].name, "x");
  EXPECT_EQ(target->query[0].value, "1&2");
  EXPECT_EQ(target->query[1].name, "verbose");
  EXPECT_EQ(target->query[1].value, "");
  EXPECT_EQ(target->query[2].name, "y");
}

TEST(TargetTest, KnowsTheRootAndTheAbsoluteForm) {
  EXPECT_THAT(ParseTarget("/")->path, ElementsAre(""));
  EXPECT_THAT(ParseTarget("/a/")->path, ElementsAre("a", ""));
  EXPECT_THAT(ParseTarget("http://host:80/a?b=c")->path, ElementsAre("a"));
  EXPECT_THAT(ParseTarget("http://host")->path, ElementsAre(""));
  EXPECT_THAT(ParseTarget("http://host?a=/b")->path, ElementsAre(""));
  EXPECT_EQ(ParseTarget("http://host?a=/b")->raw_query, "a=/b");
}

TEST(TargetTest, RefusesWhatIsNotATarget) {
  for (const char* bad :
       {"", "a", "*", "?a", "/%", "/%4", "/%4g", "/%zz", "/a%00", "/a%0d%0aX:%20y", "/a%7f", "/a b",
        "/a#b", "/\xc3\xa4", "/a\tb", "/a?x=%"}) {
    const auto target = ParseTarget(bad);
    ASSERT_FALSE(target) << bad;
    EXPECT_EQ(target.error().code, Code::kInvalid);
  }
}

TEST(NegotiationTest, TakesTheBestMatch) {
  const std::vector<std::string_view> offers = {"application/json", "text/plain"};
  EXPECT_EQ(ChooseType("", offers), "application/json");
  EXPECT_EQ(ChooseType("*/*", offers), "application/json");
  EXPECT_EQ(ChooseType("text/plain", offers), "text/plain");
  EXPECT_EQ(ChooseType("TEXT/Plain;charset=utf-8", offers), "text/plain");
  EXPECT_EQ(ChooseType("text/*", offers), "text/plain");
  EXPECT_EQ(ChooseType("text/plain;q=0.5, application/json;q=0.4", offers), "text/plain");
  EXPECT_EQ(ChooseType("application/json;q=0.1, */*", offers), "text/plain");
  // What a browser and a widespread library send.
  EXPECT_EQ(ChooseType("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", offers),
            "application/json");
  EXPECT_EQ(ChooseType("application/json, text/plain, */*", {"text/plain", "application/json"}),
            "application/json");
}

TEST(NegotiationTest, GivesNothingThatIsNotAccepted) {
  const std::vector<std::string_view> offers = {"application/json", "text/plain"};
  EXPECT_EQ(ChooseType("text/html", offers), std::nullopt);
  EXPECT_EQ(ChooseType("*/*;q=0", offers), std::nullopt);
  EXPECT_EQ(ChooseType("text/plain;q=0, */*", {"text/plain"}), std::nullopt);
  EXPECT_EQ(ChooseType("text/plain;q=2", offers), std::nullopt);
  EXPECT_EQ(ChooseType("text/plain;q=x", offers), std::nullopt);
  EXPECT_EQ(ChooseType("nonsense", offers), std::nullopt);
}

TEST(EtagTest, ChangesWithWhatAClientReadsFromTheAnswer) {
  const election::CandidateView leader{
      .id = "a", .address = "b", .value = "c", .create_revision = {7}};
  const auto tag = [](const election::CandidateView* of, AnswerState state = {"application/json"}) {
    return LeaderEtag(of, state);
  };
  const std::string same = tag(&leader);
  EXPECT_TRUE(same.starts_with("W/\"7-")) << same;
  auto other = leader;
  other.key = "elsewhere";
  EXPECT_EQ(tag(&other), same);
  other = leader;
  other.id = "ab", other.address = "";  // the same bytes, divided otherwise
  EXPECT_NE(tag(&other), same);
  other = leader;
  other.value = "C";
  EXPECT_NE(tag(&other), same);
  other = leader;
  other.create_revision = {8};
  EXPECT_NE(tag(&other), same);
  EXPECT_NE(tag(nullptr), same);
  EXPECT_NE(tag(&leader, {"text/plain"}), same);
  EXPECT_NE(tag(&leader, {"application/json", true}), same);
  EXPECT_NE(tag(&leader, {"application/json", false, true}), same);
}

TEST(EtagTest, ComparesWeakly) {
  const std::string etag = "W/\"7-0a\"";
  for (const char* match : {"W/\"7-0a\"", "\"7-0a\"", "*", "\"x\" ,W/\"7-0a\""}) {
    EXPECT_TRUE(EtagMatches(match, etag)) << match;
  }
  for (const char* other : {"", "\"7-0\"", "7-0a", "W/\"7-0ab\"", "\"a,7-0a\""}) {
    EXPECT_FALSE(EtagMatches(other, etag)) << other;
  }
}

TEST(TextTest, Base64IsThatOfRfc4648) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foo"), "Zm9v");
  EXPECT_EQ(Base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64("\xfb\xff"), "+/8=");
  EXPECT_EQ(Base64Url("\xfb\xff"), "-_8");
  EXPECT_EQ(FromBase64Url("-_8"), "\xfb\xff");
  for (const char* bad : {"Zg==", "Z", "Zh", "Zm9v+", "Z g"}) {
    EXPECT_EQ(FromBase64Url(bad), std::nullopt) << bad;
  }
}

TEST(ListenAddressTest, ReadsHostAndPort) {
  for (const char* good : {"127.0.0.1:8080", "[::1]:8080", "[::]:0", "localhost:65535"}) {
    const auto address = ParseListenAddress(good);
    ASSERT_TRUE(address) << good;
    EXPECT_EQ(address->str(), good);
  }
}

TEST(ListenAddressTest, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {{"", "port is missing"},
                                                       {"8080", "port is missing"},
                                                       {"localhost", "port is missing"},
                                                       {":8080", "0.0.0.0:8080"},
                                                       {"::1:8080", "in brackets"},
                                                       {"[::1:8080", "in brackets"},
                                                       {"[host]:1", "only an IPv6"},
                                                       {"a:65536", "0 (a free one) to 65535"},
                                                       {"a:-1", "number"},
                                                       {"a:", "number"},
                                                       {"a:80x", "number"},
                                                       {"[]:80", "in brackets"}};
  for (const auto& [text, why] : cases) {
    const auto address = ParseListenAddress(text);
    ASSERT_FALSE(address) << text;
    EXPECT_THAT(address.error().message, HasSubstr(why));
  }
}

TEST(ResponseHeadTest, CountsABodyAndNoneWhereNoneMayBe) {
  const WallTime epoch;
  EXPECT_EQ(
      FormatHead({.status = 200, .content_type = "text/plain", .body = "abc"}, true, epoch),
      "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: text/plain\r\n"
      "Content-Length: 3\r\nX-Content-Type-Options: nosniff\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(FormatHead({.status = 304}, false, epoch).find("Content-Length"), std::string::npos);
  EXPECT_EQ(FormatHead({.status = 204}, false, epoch).find("Content-Length"), std::string::npos);
  EXPECT_THAT(FormatHead({.status = 404}, false, epoch), HasSubstr("Content-Length: 0\r\n"));
}

TEST(ResponseHeadTest, NoValueCanEndALine) {
  const std::string head = FormatHead(
      {.headers = {{"Location", "http://a/\r\nSet-Cookie: x=1\r\n\r\n<html>"}}}, true, {});
  EXPECT_THAT(head, HasSubstr("Location: http://a/Set-Cookie: x=1<html>\r\n"));
  EXPECT_EQ(head.find("\r\n\r\n"), head.size() - 4);
}

}  // namespace
}  // namespace bellwether::http
