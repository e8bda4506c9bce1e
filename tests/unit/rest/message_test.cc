#include "rest/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::rest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ParseServersTest, TakesWhatPeopleWrite) {
  EXPECT_THAT(
      ParseServers("localhost:8080,https://b:443/,http://c/base/,http://[::1]:80").value(),
      ElementsAre("http://localhost:8080", "https://b:443", "http://c/base", "http://[::1]:80"));
}

TEST(ParseServersTest, NamesTheOneThatIsWrong) {
  for (const char* wrong : {"", "ftp://a", "http://", "http://a:99999", "http://u:p@a", "a?b=c",
                            "http://a#b", "http://a b", "http://a\nb"}) {
    const auto parsed = ParseServers("http://ok," + std::string(wrong) + ",http://ok2");
    ASSERT_FALSE(parsed) << wrong;
    EXPECT_EQ(parsed.error().code, Code::kInvalid);
    EXPECT_THAT(parsed.error().message, HasSubstr("http://HOST:PORT"));
  }
  EXPECT_FALSE(ParseServers(""));
  EXPECT_FALSE(ParseServers("http://a,http://a/"));
}

TEST(EncodeTest, OnlyWhatIsPlainEverywhereStaysAsItIs) {
  EXPECT_EQ(Encode("az09-._~"), "az09-._~");
  EXPECT_EQ(Encode("a/b ?&%\n\xc3\xa4"), "a%2Fb%20%3F%26%25%0A%C3%A4");
}

TEST(ResponseTest, AHeaderThatIsNotThereIsEmpty) {
  const Response response{.headers = {{"a", "1"}}};
  EXPECT_EQ(response.Find("a"), "1");
  EXPECT_EQ(response.Find("b"), "");
}

}  // namespace
}  // namespace bellwether::rest
