// Exit codes of all subcommands; `run` otherwise ends with CMD's own (128 + N when signal N ended
// it).
#pragma once

namespace bellwether::cli {

inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;    // etcd refused or could not be reached
inline constexpr int kUsage = 2;     // wrong flags or names
inline constexpr int kNoLeader = 3;  // leader: nobody leads
inline constexpr int kUnknown = 4;   // leader: cannot be known now
inline constexpr int kLost = 75;     // run --once: the leadership was lost (EX_TEMPFAIL)

}  // namespace bellwether::cli
