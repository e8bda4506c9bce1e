// The two halves of `get`: once, and as it changes.
#pragma once

#include "cli/reading.h"

namespace bellwether::cli {

// Prints the elections as they change, after those that there are, until it is interrupted. Returns
// when it cannot go on: its exit code.
int GetAndWatch(const ReadingFlags& flags);

}  // namespace bellwether::cli
