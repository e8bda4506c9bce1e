// Exit codes of all subcommands; `run` otherwise ends with CMD's own (128 + N when signal N ended
// it).
#pragma once

#include <array>
#include <string>

namespace bellwether::cli {

inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kNoLeader = 3;
inline constexpr int kUnknown = 4;
inline constexpr int kLost = 75;  // EX_TEMPFAIL

struct ExitCode {
  int code;
  const char* meaning;
};
// What --help prints and docs/command-line.md says.
inline constexpr std::array<ExitCode, 6> kExitCodes = {{
    {kOk, "done"},
    {kFailed, "refused, or nobody answered"},
    {kUsage, "wrong flags, names or configuration"},
    {kNoLeader, "leader, resign: nobody leads"},
    {kUnknown, "leader: cannot be known now; others: a controller's answer is stale"},
    {kLost, "run --once: the leadership was lost"},
}};

// A line for each, for --help.
std::string ExitCodesHelp();

}  // namespace bellwether::cli
