// Event streams against servers that end, refuse, fall silent and flood.
#include "rest/event_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "support/eventually.h"
#include "unit/rest/web_server.h"

namespace bellwether::rest {
namespace {

using test::Eventually;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kHead = "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\n\r\n";

// What a handler was told, to be read from the test's thread.
class Told final : public EventHandler {
 public:
  void OnEvent(const ServerEvent& event) override {
    const std::lock_guard lock(mutex_);
    events_.push_back(event.data);
  }
  void OnInterrupted(const Error& why) override {
    const std::lock_guard lock(mutex_);
    errors_.push_back(why);
  }
  std::vector<std::string> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  std::vector<Error> errors() const {
    const std::lock_guard lock(mutex_);
    return errors_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> events_;
  std::vector<Error> errors_;
};

class Listening {
 public:
  Listening(std::vector<std::string> servers, EventSource::Options options, EventHandler& handler) {
    options.backoff = {.first = Milliseconds(10), .cap = Milliseconds(50)};
    thread_.Do([&] {
      source_ = std::make_unique<EventSource>(thread_.loop(), Peer{.servers = std::move(servers)},
                                              Request{.path = "/events"}, options, 1, &handler);
    });
  }
  ~Listening() {
    thread_.Do([this] { source_.reset(); });
  }
  LoopThread& thread() { return thread_; }

 private:
  LoopThread thread_;
  std::unique_ptr<EventSource> source_;
};

TEST(EventSourceTest, ResumesFromTheLastIdAtTheNextServer) {
  std::string first_head, second_head;
  WebServer first([&](const std::string& head, int socket) {
    first_head = head;
    Send(socket, std::string(kHead) + "id: 7-1\ndata: a\n\nid: 8\ndata: half");
  });
  WebServer second([&](const std::string& head, int socket) {
    second_head = head;
    Send(socket, std::string(kHead) + "data: b\n\n");
    WaitForTheEnd(socket);
  });
  Told told;
  const Listening listening({first.url(), second.url()}, {}, told);
  ASSERT_TRUE(Eventually([&] { return told.events().size() == 2; }));
  EXPECT_THAT(told.events(), ElementsAre("a", "b"));
  EXPECT_THAT(first_head, HasSubstr("GET /events HTTP/1.1\r\n"));
  EXPECT_THAT(first_head, HasSubstr("Accept: text/event-stream\r\n"));
  EXPECT_THAT(first_head, testing::Not(HasSubstr("Last-Event-ID")));
  EXPECT_THAT(second_head, HasSubstr("Last-Event-ID: 7-1\r\n"));
  ASSERT_EQ(told.errors().size(), 1u);
  EXPECT_THAT(told.errors()[0].message, HasSubstr(first.url() + "/events: "));
}

TEST(EventSourceTest, ASilentStreamIsDeadAndCommentsAreSignsOfLife) {
  WebServer silent([](const std::string&, int socket) {
    Send(socket, std::string(kHead) + "data: a\n\n");
    WaitForTheEnd(socket);
  });
  std::atomic<int> beats = 0;
  WebServer beating([&](const std::string&, int socket) {
    Send(socket, std::string(kHead) + "data: b\n\n");
    while (Send(socket, ":\n\n")) {
      ++beats;
      std::this_thread::sleep_for(Milliseconds(20));
    }
  });
  Told told;
  EventSource::Options options;
  options.stream.silence = Milliseconds(3000);
  const Listening listening({silent.url(), beating.url()}, options, told);
  // Of twice the silence, if the machine gives each beat its turn.
  ASSERT_TRUE(Eventually([&] { return beats > 300; }));
  EXPECT_THAT(told.events(), ElementsAre("a", "b"));
  ASSERT_EQ(told.errors().size(), 1u);
  EXPECT_EQ(told.errors()[0].code, Code::kDeadline);
  EXPECT_THAT(told.errors()[0].message, HasSubstr("nothing came for 3 s"));
}

TEST(EventSourceTest, ARefusalComesInTheServersWords) {
  WebServer server([](const std::string&, int socket) {
    Send(socket,
         Answered(403, "{\"detail\":\"not you\"}", "Content-Type: application/problem+json\r\n"));
  });
  Told told;
  const Listening listening({server.url()}, {}, told);
  ASSERT_TRUE(Eventually([&] { return told.errors().size() >= 2; }));
  EXPECT_EQ(told.errors()[0].code, Code::kPermission);
  EXPECT_THAT(told.errors()[0].message, HasSubstr("status 403: not you"));
}

TEST(EventSourceTest, ALineWithoutAnEndAndHeadersWithoutAnEndAreGivenUp) {
  WebServer line([](const std::string&, int socket) {
    Send(socket, kHead);
    while (Send(socket, std::string(10000, 'x'))) {
    }
  });
  WebServer headers([](const std::string&, int socket) {
    Send(socket, "HTTP/1.1 200 X\r\n");
    while (Send(socket, "X-Y: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  Told told;
  EventSource::Options options;
  options.limits = {.line_bytes = 100000, .event_bytes = 100000};
  const Listening listening({line.url(), headers.url()}, options, told);
  ASSERT_TRUE(Eventually([&] { return told.errors().size() >= 2; }));
  EXPECT_EQ(told.errors()[0].code, Code::kTooLarge);
  EXPECT_EQ(told.errors()[1].code, Code::kUnavailable);
}

TEST(EventSourceTest, ASlowHandlerSlowsTheServerDown) {
  std::atomic<size_t> sent = 0;
  WebServer flood([&](const std::string&, int socket) {
    Send(socket, kHead);
    const std::string event = "data: " + std::string(1000, 'x') + "\n\n";
    while (Send(socket, event)) sent += event.size();
  });
  Told told;
  Listening listening({flood.url()}, {}, told);
  ASSERT_TRUE(Eventually([&] { return !told.events().empty(); }));
  std::atomic<bool> go_on = false;
  listening.thread().loop().Post([&] {
    while (!go_on) std::this_thread::sleep_for(Milliseconds(1));
  });
  // What the kernel's buffers and ours hold, then nothing more.
  size_t before = 0;
  int same = 0;
  EXPECT_TRUE(Eventually([&] {
    same = sent == before ? same + 1 : 0;
    before = sent;
    return same >= 50;
  }));
  go_on = true;
  EXPECT_TRUE(Eventually([&] { return sent > before; }));
}

TEST(EventSourceTest, EndsAtOnceWhateverIsUnderWay) {
  WebServer silent([](const std::string&, int socket) { WaitForTheEnd(socket); });
  Told told;
  const MonotonicTime before = BootClock::now();
  {
    const Listening listening({silent.url()}, {}, told);
    ASSERT_TRUE(Eventually([&] { return silent.asked() == 1; }));
  }
  // Of a silence of 40 s.
  EXPECT_LT(BootClock::now() - before, std::chrono::seconds(30));
  EXPECT_TRUE(told.events().empty());
}

}  // namespace
}  // namespace bellwether::rest
