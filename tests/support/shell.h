// Commands and files, for tests that look at programs from outside.
#pragma once

#include <string>

namespace bellwether::test {

struct Finished {
  int exit_code = -1;  // -1 = ended by a signal
  std::string out;     // standard output
};

// Throws when the command cannot be started.
Finished RunShell(const std::string& command);

// RunShell's output, for commands whose exit code does not matter.
std::string Shell(const std::string& command);

// Of a file; empty when there is none.
std::string Contents(const std::string& path);

}  // namespace bellwether::test
