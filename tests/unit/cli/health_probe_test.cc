// HealthProbe against an application that is a socket of the test.
#include "cli/health_probe.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <thread>

#include "loop/event_loop.h"

namespace bellwether::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

// Longer than any busy machine needs.
constexpr Milliseconds kPatience{60000};

// Answers one connection with these bytes, whatever was asked; keeps it open or not.
class Application {
 public:
  explicit Application(std::string answer, bool stays_open = false)
      : answer_(std::move(answer)), stays_open_(stays_open) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~Application() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    if (client_ >= 0) close(client_);
  }
  uint16_t port() const { return port_; }
  const std::string& asked() const { return asked_; }  // once it was answered

 private:
  void Serve() {
    client_ = accept(listener_, nullptr, nullptr);
    if (client_ < 0) return;
    char bytes[4096];
    while (asked_.find("\r\n\r\n") == std::string::npos) {
      const ssize_t count = recv(client_, bytes, sizeof bytes, 0);
      if (count <= 0) break;
      asked_.append(bytes, static_cast<size_t>(count));
    }
    (void)!send(client_, answer_.data(), answer_.size(), MSG_NOSIGNAL);
    if (!stays_open_) shutdown(client_, SHUT_RDWR);
  }

  const std::string answer_;
  const bool stays_open_;
  int listener_ = -1;
  int client_ = -1;
  uint16_t port_ = 0;
  std::string asked_;
  std::thread thread_;
};

// "ok", or why not.
std::string Ask(const std::string& target, Milliseconds timeout = kPatience) {
  EventLoop loop;
  auto probe = HealthProbe::Make(loop, *ParseHealthTarget(target), timeout);
  EXPECT_TRUE(probe);
  std::string answer;
  loop.Post([&] {
    (*probe)->Ask([&](const Status& status) {
      answer = status ? "ok" : status.error().message;
      loop.Stop();
    });
  });
  loop.Run();
  return answer;
}

std::string AskHttp(const std::string& answer) {
  Application application(answer);
  return Ask("http://127.0.0.1:" + std::to_string(application.port()) + "/healthz?full=1");
}

TEST(HealthProbeTest, TwoHundredsAndThreeHundredsAreWell) {
  EXPECT_EQ(AskHttp("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), "ok");
  EXPECT_EQ(AskHttp("HTTP/1.1 204 No Content\r\n\r\n"), "ok");
  EXPECT_EQ(AskHttp("HTTP/1.0 302 Found\r\nLocation: /\r\n\r\n"), "ok");
  EXPECT_EQ(AskHttp("HTTP/1.1 404 Not Found\r\n\r\n"), "it answered with status 404");
  EXPECT_EQ(AskHttp("HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n"),
            "it answered with status 503");
}

TEST(HealthProbeTest, AsksForThePathThatWasGiven) {
  Application application("HTTP/1.1 200 OK\r\n\r\n");
  const std::string place = "127.0.0.1:" + std::to_string(application.port());
  EXPECT_EQ(Ask("http://" + place + "/healthz?full=1"), "ok");
  EXPECT_THAT(application.asked(), StartsWith("GET /healthz?full=1 HTTP/1.1\r\n"));
  EXPECT_THAT(application.asked(), HasSubstr("Host: " + place + "\r\n"));
}

TEST(HealthProbeTest, WhatIsNoHttpOrTooMuchOfItIsNotWell) {
  EXPECT_THAT(AskHttp("SSH-2.0-OpenSSH\r\n\r\n"), StartsWith("no HTTP answer: "));
  EXPECT_THAT(AskHttp(""), StartsWith("no HTTP answer: "));
  EXPECT_THAT(AskHttp("HTTP/1.1 200 OK\r\nX: " + std::string(64 * 1024, 'x') + "\r\n\r\n"),
              StartsWith("no HTTP answer: "));
}

TEST(HealthProbeTest, AnEndlessAnswerIsReadNoFurtherThanItsHead) {
  Application application("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", true);
  EXPECT_EQ(Ask("http://127.0.0.1:" + std::to_string(application.port())), "ok");
}

TEST(HealthProbeTest, SilenceEndsWithTheTimeout) {
  Application application("HTTP/1.1 200 OK\r\n", true);  // the head never ends
  EXPECT_EQ(Ask("http://127.0.0.1:" + std::to_string(application.port()), 50ms),
            "no HTTP answer: not within 50ms");
}

TEST(HealthProbeTest, TcpAsksForAConnectionOnly) {
  std::string target;
  {
    Application application("", true);
    target = "tcp:localhost:" + std::to_string(application.port());
    EXPECT_EQ(Ask(target), "ok");
  }
  EXPECT_THAT(Ask(target), HasSubstr("refused"));
}

TEST(HealthProbeTest, NothingIsToldAfterForgetOrTheEnd) {
  Application application("", true);
  EventLoop loop;
  const std::string target = "http://127.0.0.1:" + std::to_string(application.port());
  auto probe = HealthProbe::Make(loop, *ParseHealthTarget(target), 10ms);
  ASSERT_TRUE(probe);
  int told = 0;
  int told_of_next = 0;
  loop.Post([&] {
    (*probe)->Ask([&](const Status&) { ++told; });
    (*probe)->Forget();
    (*probe)->Ask([&](const Status&) {
      ++told_of_next;
      (*probe)->Ask([&](const Status&) { ++told; });
      (*probe).reset();
      loop.Stop();
    });
  });
  loop.Run();
  EXPECT_EQ(told_of_next, 1);
  EXPECT_EQ(told, 0);
}

}  // namespace
}  // namespace bellwether::cli
