#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace bellwether {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(LogTest, LinesOfManyThreadsStayWhole) {
  testing::internal::CaptureStderr();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([thread] {
      for (int i = 0; i < 100; ++i) log::Info("said", {{"thread", thread}, {"what", "a b"}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(log::Flush(1min));
  std::istringstream lines(testing::internal::GetCapturedStderr());
  std::map<std::string, int> said;
  for (std::string line; std::getline(lines, line);) {
    ++said[line.substr(line.find(' ') + 1)];  // behind the time
  }
  ASSERT_EQ(said.size(), 4u);
  for (const auto& [line, times] : said) {
    EXPECT_THAT(line, HasSubstr("info said thread="));
    EXPECT_THAT(line, HasSubstr("what=\"a b\""));
    EXPECT_EQ(times, 100);
  }
}

}  // namespace
}  // namespace bellwether
