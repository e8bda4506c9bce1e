// …/redirect/{path}: on to the leader, and nowhere else.
#include <gmock/gmock.h>

#include "calls_fixture.h"
#include "http/redirect_target.h"

namespace bellwether::http {
namespace {

using namespace std::chrono_literals;

constexpr const char* kRedirect = "/v1/elections/batch/report/redirect/";

class RedirectTest : public CallsTest {
 protected:
  RedirectTest() { Register("http://10.0.0.1:80"); }
  void Register(std::string address) {
    auto leader = MakeCandidate("a", 7);
    leader.address = std::move(address);
    store_.Publish(MakeElection("batch", "report", {leader, MakeCandidate("b", 9)}));
  }
  std::string LocationOf(const std::string& path) {
    const Response response = Get(kRedirect + path);
    EXPECT_EQ(response.status, 307) << response.body;
    EXPECT_EQ(HeaderOf(response, "Cache-Control"), "no-store");
    return HeaderOf(response, "Location");
  }
};

TEST_F(RedirectTest, KeepsPathAndQueryAsTheyWereSent) {
  EXPECT_EQ(LocationOf(""), "http://10.0.0.1:80/");
  EXPECT_EQ(LocationOf("jobs/7"), "http://10.0.0.1:80/jobs/7");
  EXPECT_EQ(LocationOf("jobs/a%2Fb%20c/?x=1&x=2&y=%26"),
            "http://10.0.0.1:80/jobs/a%2Fb%20c/?x=1&x=2&y=%26");
  EXPECT_EQ(LocationOf("a//b?is=me&url=http://evil.example/"),
            "http://10.0.0.1:80/a//b?is=me&url=http://evil.example/");
  Register("https://leader.example/base/");
  EXPECT_EQ(LocationOf("jobs"), "https://leader.example/base/jobs");
  Register("https://leader.example/base");
  EXPECT_EQ(LocationOf("jobs"), "https://leader.example/base/jobs");
}

TEST_F(RedirectTest, AnyMethodGoesThereButTheOnesThatCarryNothing) {
  const std::string target = std::string(kRedirect) + "x";
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"}) {
    EXPECT_EQ(Handle({.method = method, .target = target})->status, 307) << method;
  }
  EXPECT_EQ(Handle({.method = "TRACE", .target = target})->status, 405);
  const auto options = Handle({.method = "OPTIONS", .target = target});
  EXPECT_EQ(options->status, 204);
  EXPECT_EQ(HeaderOf(*options, "Allow"), "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
  EXPECT_EQ(Handle({.method = "GET", .target = "http://any.host" + target})->status, 307);
}

TEST_F(RedirectTest, TellsTheTokenAndWhetherTheViewIsStale) {
  EXPECT_EQ(HeaderOf(Get(kRedirect), "X-Bellwether-Token"), "7");
  EXPECT_EQ(HeaderOf(Get(kRedirect), "X-Bellwether-Stale"), "false");
  now_ += 1h;
  EXPECT_EQ(LocationOf(""), "http://10.0.0.1:80/");
  EXPECT_EQ(HeaderOf(Get(kRedirect), "X-Bellwether-Stale"), "true");
}

TEST_F(RedirectTest, NeverLeavesTheRegisteredAddress) {
  Register("http://10.0.0.1/base");
  for (const char* path :
       {"..", "../x", "a/../../x", ".", "a/./b", "%2e%2e/x", ".%2E/x", "a/%2e%2e", "..%2fx",
        "a%2f..%2f..%2fx", "..%5cx", "..\\x", "..;/x", "..;a=b/x", "/evil.example",
        "//evil.example", "%2fevil.example", "%5c%5cevil.example", "\\evil.example"}) {
    EXPECT_EQ(ProblemOf(Get(kRedirect + std::string(path)), 400), "invalid-path") << path;
  }
  for (const char* path : {"%0d%0aSet-Cookie:x", "a%00", "%", "a?x=%0a"}) {
    EXPECT_EQ(ProblemOf(Get(kRedirect + std::string(path)), 400), "malformed-request") << path;
  }
  EXPECT_EQ(LocationOf("@evil.example"), "http://10.0.0.1/base/@evil.example");
  EXPECT_EQ(LocationOf("..a/b..?../.."), "http://10.0.0.1/base/..a/b..?../..");
  EXPECT_EQ(LocationOf("http://evil.example"), "http://10.0.0.1/base/http://evil.example");
}

TEST_F(RedirectTest, GoesOnlyWhereAnHttpUrlLeads) {
  for (const char* good : {"http://a", "HTTPS://a:1", "http://[::1]:80/x", "http://[fe80::1]",
                           "http://a.b-c_d:65535/e/f", "http://a/%C3%A4", "http://a/"}) {
    EXPECT_TRUE(IsRedirectBase(good)) << good;
  }
  for (const char* bad : {"",
                          "a",
                          "a:80",
                          "//a",
                          "/a",
                          "javascript://a",
                          "ftp://a",
                          "http:a",
                          "http:/a",
                          "http://",
                          "http:///x",
                          "http://:80",
                          "http://a:",
                          "http://a:x",
                          "http://a:65536",
                          "http://a:000001",
                          "http://u@a",
                          "http://u:p@a",
                          "http://a?x",
                          "http://a/?x",
                          "http://a/#f",
                          "http://a#f",
                          "http://a b",
                          "http://a/\r\nSet-Cookie: x",
                          "http://a\n",
                          "http://a\\b",
                          "http://a/b\\c",
                          "http://[::1",
                          "http://[]",
                          "http://[::1]x",
                          "http://[a]",
                          "http://[::1%25eth0]",
                          "http://a/../b",
                          "http://a/%2e%2e/b",
                          "http://a//b",
                          "http://\xc3\xa4",
                          "http://a/%",
                          "http://a%2eb",
                          "http://a/<b>"}) {
    EXPECT_FALSE(IsRedirectBase(bad)) << bad;
    Register(bad);
    const Response response = Get(kRedirect);
    EXPECT_EQ(ProblemOf(response, 503), "no-address");
    EXPECT_EQ(HeaderOf(response, "Retry-After"), "1");
  }
}

TEST_F(RedirectTest, WaitsForALeader) {
  store_.Publish(MakeElection("batch", "report", {}));
  const Response response = Get(kRedirect);
  EXPECT_EQ(ProblemOf(response, 503), "no-leader");
  EXPECT_EQ(HeaderOf(response, "Retry-After"), "1");
  EXPECT_EQ(HeaderOf(response, "Cache-Control"), "no-store");
  EXPECT_EQ(ProblemOf(Get("/v1/elections/no/such/redirect/"), 404), "unknown-election");
  EXPECT_EQ(ProblemOf(Get("/v1/elections/A/b/redirect/"), 400), "invalid-name");
  EXPECT_EQ(ProblemOf(Get("/v1/elections/batch/report/redirect"), 404), "no-such-call");
  store_.SetFreshness({});
  EXPECT_EQ(ProblemOf(Get(kRedirect), 503), "not-loaded");
}

}  // namespace
}  // namespace bellwether::http
