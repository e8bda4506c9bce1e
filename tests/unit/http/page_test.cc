// GET / for a browser: what a person is given, and what keeps it apart from everything else.
#include <gmock/gmock.h>
#include <openssl/sha.h>

#include <array>
#include <string>
#include <string_view>

#include "calls_fixture.h"
#include "http/text.h"

namespace bellwether::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What browsers send when a person types an address.
constexpr const char* kFirefox =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

class PageTest : public CallsTest {
 protected:
  // What stands between the first <tag> and its end.
  static std::string Inside(const std::string& page, const std::string& tag) {
    const size_t begin = page.find("<" + tag + ">") + tag.size() + 2;
    return page.substr(begin, page.find("</" + tag + ">", begin) - begin);
  }
  static std::string Hash(const std::string& text) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return "'sha256-" + Base64({reinterpret_cast<const char*>(digest.data()), digest.size()}) + "'";
  }
};

TEST_F(PageTest, IsForBrowsersAndForNobodyElse) {
  EXPECT_EQ(Get("/", kFirefox).content_type, "text/html; charset=utf-8");
  EXPECT_EQ(HeaderOf(Get("/", kFirefox), "Vary"), "Accept");
  for (const char* accept : {"", "*/*", "text/*", "text/plain, text/html"}) {
    EXPECT_EQ(Get("/", accept).content_type, "text/plain; charset=utf-8") << accept;
  }
  EXPECT_EQ(Get("/", "application/json").content_type, "application/json");
  EXPECT_EQ(Get("/", "application/json, text/html;q=0.9").content_type, "application/json");
  store_.SetFreshness({});
  EXPECT_EQ(Get("/", kFirefox).status, 200) << "it says itself what is not known yet";
}

TEST_F(PageTest, IsWhole) {
  const std::string page = Get("/", "text/html").body;
  EXPECT_THAT(page, testing::StartsWith("<!doctype html>"));
  EXPECT_THAT(page, HasSubstr("bellwether " BELLWETHER_VERSION " "));
  EXPECT_THAT(page, Not(HasSubstr("{{")));
  EXPECT_GT(Inside(page, "style").size(), 1000u);
  const std::string script = Inside(page, "script");
  EXPECT_TRUE(script.starts_with("'use strict';\n")) << script.substr(0, 100);
  EXPECT_TRUE(script.ends_with("\nrender();\n")) << "it holds what would end it";
  for (const char* elsewhere : {"src=\"", "@import", "url(", "href=\"http", "href=\"/"}) {
    EXPECT_THAT(page, Not(HasSubstr(elsewhere)));
  }
}

TEST_F(PageTest, LetsABrowserDoNothingElse) {
  const Response page = Get("/", "text/html");
  EXPECT_EQ(HeaderOf(page, "Content-Security-Policy"),
            "default-src 'none'; script-src " + Hash(Inside(page.body, "script")) + "; style-src " +
                Hash(Inside(page.body, "style")) +
                "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'");
  EXPECT_EQ(HeaderOf(page, "Referrer-Policy"), "no-referrer");
}

TEST_F(PageTest, IsSentAgainOnlyWhenItIsAnother) {
  const Response page = Get("/", "text/html");
  EXPECT_EQ(HeaderOf(page, "Cache-Control"), "no-cache") << "a browser has to ask each time";
  const std::string etag = HeaderOf(page, "ETag");
  const Response same = Get("/", kFirefox, etag);
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(same.content_type, "");
  EXPECT_EQ(HeaderOf(same, "ETag"), etag);
  EXPECT_EQ(HeaderOf(same, "Content-Security-Policy"), HeaderOf(page, "Content-Security-Policy"));
  EXPECT_EQ(Get("/", "text/html", "\"of-another-version\"").status, 200);
  EXPECT_EQ(Get("/", "", etag).status, 200) << "the list of calls is another representation";
}

}  // namespace
}  // namespace bellwether::http
