// What is the same for all calls, and the calls that are not about one election.
#include "http/router.h"

#include <gmock/gmock.h>

#include <stdexcept>

#include "calls_fixture.h"

namespace bellwether::http {
namespace {

using ::testing::HasSubstr;

class RouterTest : public CallsTest {
 protected:
  Response Send(std::string method, std::string target) {
    return Handle({.method = std::move(method), .target = std::move(target)})
        .value_or(Response{.status = 0});
  }
};

TEST_F(RouterTest, HeadIsGetAndOptionsTellsTheMethods) {
  for (const char* target : {"/", "/v1/elections", "/metrics", "/livez", "/readyz", "/healthz"}) {
    EXPECT_EQ(Send("HEAD", target).body, Get(target).body) << target;
    EXPECT_EQ(Send("HEAD", target).status, 200) << target;
    const Response options = Send("OPTIONS", target);
    EXPECT_EQ(options.status, 204);
    EXPECT_EQ(HeaderOf(options, "Allow"), "GET, HEAD, OPTIONS");
  }
  EXPECT_EQ(Send("OPTIONS", "*").status, 204);
  EXPECT_EQ(Send("OPTIONS", "/v1/elections/no/such/leader").status, 204);
}

TEST_F(RouterTest, OtherMethodsAreNotAllowedOrNotKnown) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "TRACE"}) {
    const Response response = Send(method, "/v1/elections");
    EXPECT_EQ(ProblemOf(response, 405), "method-not-allowed");
    EXPECT_EQ(HeaderOf(response, "Allow"), "GET, HEAD, OPTIONS");
  }
  EXPECT_EQ(ProblemOf(Send("BREW", "/v1/elections"), 501), "unknown-method");
  EXPECT_EQ(ProblemOf(Send("get", "/v1/elections"), 501), "unknown-method");
}

TEST_F(RouterTest, UnknownPathsAndMalformedTargetsAreToldApart) {
  for (const char* target :
       {"/v1", "/v1/elections/", "/v1/elections/a", "/v1/elections/a/b/leader/x", "/V1/elections",
        "//", "/v1/../v1/elections", "/v1/elections//b"}) {
    EXPECT_EQ(ProblemOf(Get(target), 404), "no-such-call") << target;
  }
  for (const char* target : {"/%", "x", "/v1/elections?a=%2", "/\xff"}) {
    EXPECT_EQ(ProblemOf(Get(target), 400), "malformed-request") << target;
  }
  EXPECT_EQ(Send("GET", "http://any.host/v1/elections").status, 200);
}

TEST_F(RouterTest, AnswersForAHandlerThatThrows) {
  const Router router(
      {{.method = "GET",
        .pattern = "/x",
        .parameters = {},
        .what = "throws",
        .handler = [](const Call&) -> Response { throw std::runtime_error("no"); }}});
  const auto response = router.Handle({.method = "GET", .target = "/x"}, now_, *this);
  ASSERT_TRUE(response);
  EXPECT_EQ(ProblemOf(*response, 500), "internal-error");
}

TEST_F(RouterTest, AWriteBesideAReadIsRoutedByItsMethod) {
  const auto says = [](std::string what) {
    return [what](const Call&) { return std::optional<Response>(Response{.body = what}); };
  };
  const Router router(
      {{.method = "GET", .pattern = "/x/{id}", .what = "", .handler = says("read")},
       {.method = "POST", .pattern = "/x/{id}", .what = "", .handler = says("write")}});
  EXPECT_EQ(router.Handle({.method = "POST", .target = "/x/1"}, now_, *this)->body, "write");
  EXPECT_EQ(router.Handle({.method = "HEAD", .target = "/x/1"}, now_, *this)->body, "read");
  EXPECT_EQ(HeaderOf(*router.Handle({.method = "PUT", .target = "/x/1"}, now_, *this), "Allow"),
            "GET, HEAD, POST, OPTIONS");
}

// --- probes and metrics

TEST_F(RouterTest, LiveWhateverEtcdDoes) {
  store_.SetFreshness({});
  readiness_.checks = {{"etcd", false, "no quorum"}};
  EXPECT_EQ(Get("/livez").body, "ok\n");
  EXPECT_EQ(Get("/healthz", "image/png").status, 200);
}

TEST_F(RouterTest, ReadyOnlyWhenEveryCheckIs) {
  EXPECT_EQ(Get("/readyz").body, "ok\n");
  readiness_ = {.checks = {{"elections", true, ""}, {"etcd", true, ""}},
                .warnings = {"etcd 3.4.23 may confirm revoked leases"}};
  EXPECT_EQ(Get("/readyz").body, "ok\n");
  EXPECT_EQ(
      Get("/readyz?verbose").body,
      "[+]elections ok\n[+]etcd ok\nwarning: etcd 3.4.23 may confirm revoked leases\nready\n");
  readiness_.checks[1] = {"etcd", false, "no quorum"};
  const Response response = Get("/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("[-]etcd failed: no quorum\n"));
  EXPECT_THAT(response.body, HasSubstr("\nnot ready\n"));
}

TEST_F(RouterTest, MetricsAreInPrometheusTextFormat) {
  const Response response =
      Get("/metrics", "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4");
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(response.body, "bellwether_up 1\n");
}

TEST_F(RouterTest, DescribesTheInterfaceAsItStandsInTheSource) {
  const Response response = Get("/openapi.yaml", "image/png");
  EXPECT_EQ(response.content_type, "application/yaml");
  EXPECT_THAT(response.body, HasSubstr("\nopenapi: 3.0.3\n"));
  // Nothing was lost on the way through CMake: brackets, semicolons, backslashes, quotes.
  EXPECT_THAT(response.body, HasSubstr("pattern: '^W/\"[0-9]+-[0-9a-f]{16}\"$'"));
  EXPECT_THAT(response.body, HasSubstr("pattern: '^([^\\n]+\\n)?$'"));
  EXPECT_THAT(response.body, testing::EndsWith("items: {type: string}\n"));
}

// --- GET /

TEST_F(RouterTest, TheRootListsTheCalls) {
  const Response text = Get("/");
  EXPECT_EQ(text.content_type, "text/plain; charset=utf-8");
  EXPECT_THAT(text.body, HasSubstr("GET /v1/elections[?namespace=&state=&limit=&continue=]\n"));
  const auto json = nlohmann::json::parse(Get("/", "application/json").body);
  EXPECT_EQ(json["calls"].size(), 12u);
  EXPECT_EQ(ProblemOf(Get("/", "image/png"), 406), "not-acceptable");
}

TEST_F(RouterTest, TheRootAnswersAsTheOldSidecarWhenOneElectionIsServed) {
  store_.Publish(MakeElection("batch", "report", {MakeCandidate("a", 7)}));
  EXPECT_EQ(Get("/", "application/json").body, "{\"name\":\"a\"}\n");
  EXPECT_THAT(Get("/").body, HasSubstr("Calls:"));
  store_.Publish(MakeElection("batch", "report", {}));
  EXPECT_EQ(Get("/", "application/json").body, "{\"name\":\"\"}\n");
  store_.Publish(MakeElection("batch", "other", {}));
  EXPECT_THAT(Get("/", "application/json").body, HasSubstr("\"calls\""));
  store_.SetFreshness({});
  EXPECT_EQ(ProblemOf(Get("/", "application/json"), 503), "not-loaded");
}

}  // namespace
}  // namespace bellwether::http
