#include "base/line_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>

namespace bellwether {
namespace {

using namespace std::chrono_literals;

struct Pipe {
  Pipe() {
    int ends[2];
    if (pipe(ends) != 0) std::abort();
    from = ends[0];
    to = ends[1];
  }
  ~Pipe() {
    close(from);
    close(to);
  }
  // With its '\n'; empty at the end.
  std::string ReadLine() const {
    std::string line;
    for (char next = 0; next != '\n' && read(from, &next, 1) == 1;) line += next;
    return line;
  }
  int from = -1;
  int to = -1;
};

std::string Lost(uint64_t lost) { return "lost " + std::to_string(lost) + "\n"; }

// Ten times as much as waits, without a reader; what was added last is "end".
uint64_t AddTooMuch(LineWriter& writer) {
  const std::string padding(1000, '.');
  uint64_t added = 0;
  for (; added < 10 * LineWriter::kMaxWaiting / padding.size(); ++added) {
    writer.Add(std::to_string(added) + padding + "\n");
  }
  writer.Add("end\n");
  return added + 1;
}

TEST(LineWriterTest, WritesLinesInTheirOrder) {
  const Pipe pipe;
  LineWriter writer(pipe.to, Lost);
  writer.Add("one\n");
  writer.Add("two\n");
  EXPECT_TRUE(writer.Flush(1min));
  EXPECT_EQ(pipe.ReadLine(), "one\n");
  EXPECT_EQ(pipe.ReadLine(), "two\n");
}

TEST(LineWriterTest, WithoutAReaderNobodyWaitsAndWhatIsDroppedIsCounted) {
  const Pipe pipe;
  LineWriter writer(pipe.to, Lost);
  const uint64_t added = AddTooMuch(writer);
  EXPECT_FALSE(writer.Flush(1ms));
  uint64_t read = 0;
  uint64_t lost = 0;
  int64_t newest = -1;
  for (std::string line = pipe.ReadLine();; line = pipe.ReadLine()) {
    if (line.starts_with("lost ")) {
      lost += std::stoull(line.substr(5));
      continue;
    }
    ++read;
    if (line == "end\n") break;
    const int64_t number = std::stoll(line);
    EXPECT_GT(number, newest);
    newest = number;
  }
  EXPECT_GT(lost, 0u);
  EXPECT_EQ(read + lost, added);
  EXPECT_TRUE(writer.Flush(1min));
}

TEST(LineWriterTest, ItsEndWaitsForNoReaderAndALostOneIsNoSignal) {
  auto pipe = std::make_unique<Pipe>();
  auto writer = std::make_unique<LineWriter>(pipe->to, Lost);
  AddTooMuch(*writer);
  writer.reset();
  close(pipe->from);  // a SIGPIPE would end this process
  pipe->from = -1;
  const Pipe next;
  LineWriter other(next.to, Lost);
  other.Add("goes on\n");
  EXPECT_EQ(next.ReadLine(), "goes on\n");
  // The descriptor stays open for the thread that is still at it.
  pipe->to = -1;
}

TEST(LineWriterTest, ItsThreadTakesNoSignal) {
  const Pipe pipe;
  LineWriter writer(pipe.to, Lost);
  writer.Add("started\n");
  EXPECT_TRUE(writer.Flush(1min));
  sigset_t mine, before;
  sigemptyset(&mine);
  sigaddset(&mine, SIGUSR1);
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &mine, &before), 0);
  // By another thread that does not block it this process would end.
  ASSERT_EQ(kill(getpid(), SIGUSR1), 0);
  const timespec a_minute{60, 0};
  EXPECT_EQ(sigtimedwait(&mine, nullptr, &a_minute), SIGUSR1);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace bellwether
