#include "cli/exit_codes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/shell.h"

namespace bellwether::cli {
namespace {

TEST(ExitCodesTest, ThePageSaysWhatHelpSays) {
  const std::string page = test::Contents(BELLWETHER_SOURCE "/docs/command-line.md");
  for (const ExitCode& each : kExitCodes) {
    const std::string row = "| " + std::to_string(each.code) + " | " + each.meaning + " |\n";
    EXPECT_THAT(page, testing::HasSubstr(row));
  }
}

}  // namespace
}  // namespace bellwether::cli
