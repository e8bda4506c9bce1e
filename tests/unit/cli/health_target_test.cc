#include "cli/health_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::cli {
namespace {

using testing::HasSubstr;

std::string Parts(std::string_view text) {
  const auto target = ParseHealthTarget(text);
  if (!target) return target.error().message;
  return target->host + " " + std::to_string(target->port) + " " + target->path;
}

TEST(HealthTargetTest, TakesHttpUrlsAndTcpAddresses) {
  EXPECT_EQ(Parts("http://127.0.0.1:8000/healthz?full=1"), "127.0.0.1 8000 /healthz?full=1");
  EXPECT_EQ(Parts("http://localhost"), "localhost 80 /");
  EXPECT_EQ(Parts("http://localhost?a=b"), "localhost 80 /?a=b");
  EXPECT_EQ(Parts("http://[::1]:81/"), "::1 81 /");
  EXPECT_EQ(Parts("http://[::1]/x"), "::1 80 /x");
  EXPECT_EQ(Parts("tcp:10.0.0.1:5432"), "10.0.0.1 5432 ");
  EXPECT_EQ(Parts("tcp:[::1]:5432"), "::1 5432 ");
}

TEST(HealthTargetTest, RefusesTheRestAndSaysWhatToWrite) {
  EXPECT_THAT(Parts("https://127.0.0.1/"), HasSubstr("https is not checked"));
  EXPECT_THAT(Parts("127.0.0.1:80"), HasSubstr("http://HOST:PORT/PATH"));
  EXPECT_THAT(Parts(""), HasSubstr("http://HOST:PORT/PATH"));
  EXPECT_THAT(Parts("tcp:127.0.0.1"), HasSubstr("port is missing"));
  EXPECT_THAT(Parts("tcp:[::1]"), HasSubstr("port is missing"));
  EXPECT_THAT(Parts("http://app:8000/"), HasSubstr("not an IP address"));
  EXPECT_THAT(Parts("http://user@127.0.0.1/"), HasSubstr("not an IP address"));
  EXPECT_THAT(Parts("http://::1/"), HasSubstr("not an IP address"));
  EXPECT_THAT(Parts("http://[127.0.0.1]/"), HasSubstr("not an IP address"));
  EXPECT_THAT(Parts("http:///x"), HasSubstr("not an IP address"));
  for (const char* port : {"0", "65536", "x", "", "-1", "80x"}) {
    EXPECT_THAT(Parts(std::string("tcp:127.0.0.1:") + port), HasSubstr("1 to 65535")) << port;
  }
  EXPECT_THAT(Parts("http://127.0.0.1/a b"), HasSubstr("percent-encoded"));
  EXPECT_THAT(Parts("http://127.0.0.1/a\r\nX: y"), HasSubstr("percent-encoded"));
  EXPECT_THAT(Parts("http://127.0.0.1/#a"), HasSubstr("'#'"));
  EXPECT_THAT(Parts("http://127.0.0.1/" + std::string(2048, 'a')), HasSubstr("longer"));
}

}  // namespace
}  // namespace bellwether::cli
