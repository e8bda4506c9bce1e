#include "cli/packet_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "loop/event_loop.h"

namespace bellwether::cli {
namespace {

using testing::ElementsAre;

TEST(PacketReaderTest, TheLastWordsOfAPeerThatLeavesSomethingUnreadAreTold) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  ASSERT_EQ(send(ends[0], "unread", 6, 0), 6);
  ASSERT_EQ(send(ends[1], "last", 4, 0), 4);
  close(ends[1]);  // resets the connection, because of what it has not read
  EventLoop loop;
  std::vector<std::string> told;
  {
    const auto reader = PacketReader::Make(loop, ends[0], [&](const std::string& packet) {
      told.push_back(packet);
      if (packet.empty()) loop.Stop();
    });
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    loop.Run();
  }
  close(ends[0]);
  EXPECT_THAT(told, ElementsAre("last", ""));
}

}  // namespace
}  // namespace bellwether::cli
