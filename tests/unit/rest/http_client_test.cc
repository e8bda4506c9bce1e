// Against servers that misbehave.
#include "rest/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "support/etcd_server.h"
#include "support/eventually.h"
#include "unit/rest/web_server.h"

namespace bellwether::rest {
namespace {

using testing::HasSubstr;

// A port of loopback that nobody listens on.
std::string Nobody() { return "http://127.0.0.1:" + std::to_string(test::FreePort()); }

Result<Response> Ask(std::vector<std::string> servers, HttpClient::Options options = {},
                     Request request = {.path = "/x?y=%20z"}) {
  LoopThread thread;
  std::unique_ptr<HttpClient> client;
  std::promise<Result<Response>> answer;
  thread.Do([&] {
    client = *HttpClient::Make(thread.loop(), {.servers = std::move(servers)}, options);
    client->Call(std::move(request),
                 [&](Result<Response> told) { answer.set_value(std::move(told)); });
  });
  auto told = answer.get_future().get();
  thread.Do([&] { client.reset(); });
  return told;
}

TEST(HttpClientTest, GivesTheAnswerAsItIs) {
  std::string head;
  WebServer server([&](const std::string& asked, int socket) {
    head = asked;
    Send(socket, Answered(200, "hello", "X-Thing: Some Value\r\n"));
  });
  const auto answer = Ask({server.url() + "/base"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_EQ(answer->Find("x-thing"), "Some Value");
  EXPECT_EQ(answer->asked, "GET " + server.url() + "/base/x?y=%20z");
  EXPECT_THAT(head, testing::StartsWith("GET /base/x?y=%20z HTTP/1.1\r\n"));
}

TEST(HttpClientTest, TakesChunksAndTheEndOfAConnectionAsTheEnd) {
  WebServer chunked([](const std::string&, int socket) {
    Send(socket, "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    Send(socket, "2\r\nde\r\n0\r\n\r\n");
  });
  EXPECT_EQ(Ask({chunked.url()})->body, "abcde");
  WebServer closed([](const std::string&, int socket) {
    Send(socket, "HTTP/1.1 200 X\r\nConnection: close\r\n\r\nall");
  });
  EXPECT_EQ(Ask({closed.url()})->body, "all");
}

TEST(HttpClientTest, SendsABodyToOneServerOnly) {
  WebServer first([](const std::string&, int socket) { Send(socket, Answered(503, "")); });
  WebServer second([](const std::string&, int socket) { Send(socket, Answered(200, "")); });
  const Request post{.method = "POST", .path = "/x", .body = "{}"};
  const auto answer = Ask({first.url(), second.url()}, {}, post);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(second.asked(), 0);
}

TEST(HttpClientTest, AReadGoesOnToTheNextServer) {
  WebServer busy([](const std::string&, int socket) { Send(socket, Answered(503, "")); });
  WebServer serving([](const std::string&, int socket) { Send(socket, Answered(200, "here")); });
  EXPECT_EQ(Ask({Nobody(), busy.url(), serving.url()})->body, "here");
  EXPECT_EQ(busy.asked(), 1);
}

TEST(HttpClientTest, ARefusalOfOneReplicaSaysMoreThanTheSilenceOfOthers) {
  WebServer busy([](const std::string&, int socket) { Send(socket, Answered(503, "why")); });
  const auto answer = Ask({busy.url(), Nobody()});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "why");
}

TEST(HttpClientTest, WhereNobodyAnswersEachOneIsNamed) {
  const std::string one = Nobody(), two = Nobody();
  const auto answer = Ask({one, two});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
  EXPECT_EQ(answer.error().effect, Effect::kNone);
  EXPECT_THAT(answer.error().message, HasSubstr("GET " + one + "/x"));
  EXPECT_THAT(answer.error().message, HasSubstr("GET " + two + "/x"));
}

TEST(HttpClientTest, AnAnswerIsBoundedWithAndWithoutALength) {
  const HttpClient::Options small{.answer_bytes = 1000};
  WebServer fits(
      [](const std::string&, int socket) { Send(socket, Answered(200, std::string(1000, 'x'))); });
  EXPECT_EQ(Ask({fits.url()}, small)->body.size(), 1000u);
  WebServer with(
      [](const std::string&, int socket) { Send(socket, Answered(200, std::string(1001, 'x'))); });
  WebServer without([](const std::string&, int socket) {
    Send(socket, "HTTP/1.1 200 X\r\nConnection: close\r\n\r\n");
    while (Send(socket, std::string(1000, 'x'))) {
    }
  });
  for (const std::string& url : {with.url(), without.url()}) {
    const auto answer = Ask({url}, small);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::kTooLarge);
    EXPECT_THAT(answer.error().message, HasSubstr("larger than 1000 bytes"));
  }
}

TEST(HttpClientTest, ASilentServerIsLeftForTheNext) {
  WebServer silent([](const std::string&, int socket) { WaitForTheEnd(socket); });
  WebServer serving([](const std::string&, int socket) { Send(socket, Answered(200, "here")); });
  const HttpClient::Options options{.silence = Milliseconds(200), .timeout = Milliseconds(60000)};
  EXPECT_EQ(Ask({silent.url(), serving.url()}, options)->body, "here");
  const auto answer = Ask({silent.url()}, options);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kDeadline);
}

TEST(HttpClientTest, AServerThatDripsIsGivenUp) {
  WebServer dripping([](const std::string&, int socket) {
    Send(socket, "HTTP/1.1 200 X\r\nConnection: close\r\n\r\n");
    while (Send(socket, "x")) std::this_thread::sleep_for(Milliseconds(20));
  });
  const auto answer =
      Ask({dripping.url()}, {.silence = Milliseconds(60000), .timeout = Milliseconds(300)});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kDeadline);
  EXPECT_THAT(answer.error().message, HasSubstr("no answer within 300 ms"));
}

TEST(HttpClientTest, WhatIsNotHttpAndACutAnswerAreErrors) {
  WebServer nonsense([](const std::string&, int socket) { Send(socket, "SSH-2.0-x\r\n\r\n"); });
  WebServer cut([](const std::string&, int socket) {
    Send(socket, "HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nhalf");
  });
  for (const std::string& url : {nonsense.url(), cut.url()}) {
    const auto answer = Ask({url});
    ASSERT_FALSE(answer) << answer->body;
    EXPECT_THAT(answer.error().message, HasSubstr(url));
  }
}

TEST(HttpClientTest, ARedirectIsNotFollowed) {
  WebServer elsewhere([](const std::string&, int socket) { Send(socket, Answered(200, "")); });
  WebServer server([&](const std::string&, int socket) {
    Send(socket, Answered(302, "", "Location: " + elsewhere.url() + "/\r\n"));
  });
  EXPECT_EQ(Ask({server.url()})->status, 302);
  EXPECT_EQ(elsewhere.asked(), 0);
}

TEST(HttpClientTest, NothingIsToldOnceTheClientIsGone) {
  WebServer silent([](const std::string&, int socket) { WaitForTheEnd(socket); });
  LoopThread thread;
  bool told = false;
  std::unique_ptr<HttpClient> client;
  thread.Do([&] {
    client = *HttpClient::Make(thread.loop(), {.servers = {silent.url()}}, {});
    client->Call({.path = "/"}, [&](const Result<Response>&) { told = true; });
  });
  ASSERT_TRUE(test::Eventually([&] { return silent.asked() == 1; }));
  thread.Do([&] { client.reset(); });
  thread.Do([] {});
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace bellwether::rest
