#include "rest/problem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::rest {
namespace {

using testing::HasSubstr;

Response Refused(int status, std::string type, std::string body) {
  return {.asked = "GET http://h:1/x",
          .status = status,
          .headers = {{"content-type", std::move(type)}},
          .body = std::move(body)};
}

TEST(ProblemTest, TellsWhoWasAskedAndTheServersOwnWords) {
  const Response response =
      Refused(404, "application/problem+json; charset=utf-8",
              R"({"type":"urn:bellwether:problem:unknown-election","title":"Unknown election",
                  "detail":"Election a/b is not known here.","next":"GET /v1/elections."})");
  const Error error = RefusalOf(response);
  EXPECT_EQ(error.code, Code::kNotFound);
  EXPECT_EQ(error.message,
            "GET http://h:1/x: status 404: Unknown election: Election a/b is not known here. "
            "GET /v1/elections.");
  EXPECT_TRUE(IsProblem(response, "unknown-election"));
  EXPECT_FALSE(IsProblem(response, "unknown"));
}

TEST(ProblemTest, WhatIsNoProblemDetailsIsRefusedByItsStatus) {
  EXPECT_EQ(RefusalOf(Refused(503, "text/plain", "busy\nmore")).message,
            "GET http://h:1/x: status 503: busy");
  EXPECT_EQ(RefusalOf(Refused(502, "text/html", "<html>")).message, "GET http://h:1/x: status 502");
  for (const char* body : {"", "[]", "{\"title\":1}", "{", "null"}) {
    const Response response = Refused(500, "application/problem+json", body);
    EXPECT_THAT(RefusalOf(response).message, HasSubstr("status 500")) << body;
    EXPECT_FALSE(IsProblem(response, "x")) << body;
  }
}

TEST(ProblemTest, WordsAreBounded) {
  const std::string much(100000, 'x');
  EXPECT_LT(RefusalOf(Refused(500, "text/plain", much)).message.size(), 2000u);
  EXPECT_LT(RefusalOf(Refused(500, "application/problem+json", "{\"detail\":\"" + much + "\"}"))
                .message.size(),
            2000u);
}

TEST(ProblemTest, StatusesMeanWhatACallerHasToDo) {
  const auto code = [](int status) { return RefusalOf(Refused(status, "", "")).code; };
  EXPECT_EQ(code(400), Code::kInvalid);
  EXPECT_EQ(code(401), Code::kPermission);
  EXPECT_EQ(code(403), Code::kPermission);
  EXPECT_EQ(code(409), Code::kConflict);
  EXPECT_EQ(code(410), Code::kCompacted);
  EXPECT_EQ(code(413), Code::kTooLarge);
  EXPECT_EQ(code(429), Code::kUnavailable);
  EXPECT_EQ(code(503), Code::kUnavailable);
  EXPECT_EQ(code(504), Code::kDeadline);
  EXPECT_EQ(code(307), Code::kInternal);
}

TEST(ProblemTest, AWriteThatFailedInsideMayHaveHappened) {
  Response response = Refused(500, "", "");
  EXPECT_EQ(RefusalOf(response).effect, Effect::kNone);
  response.asked = "POST http://h:1/x";
  EXPECT_EQ(RefusalOf(response).effect, Effect::kUnknown);
  response.status = 403;
  EXPECT_EQ(RefusalOf(response).effect, Effect::kNone);
}

TEST(ProblemTest, RetryAfterIsTakenWithinReason) {
  Response response = Refused(503, "", "");
  response.headers.push_back({"retry-after", "2"});
  EXPECT_EQ(RefusalOf(response).retry_after, Milliseconds(2000));
  for (const char* text : {"-1", "soon", "99999999999999999999"}) {
    response.headers.back().value = text;
    EXPECT_EQ(RefusalOf(response).retry_after, std::nullopt) << text;
  }
  response.headers.back().value = "999999999";
  EXPECT_EQ(RefusalOf(response).retry_after, Milliseconds(3600000));
}

}  // namespace
}  // namespace bellwether::rest
