#include "cli/talk.h"

#include <unistd.h>

#include "base/line_writer.h"
#include "cli/output.h"

namespace bellwether::cli {
namespace {

constexpr Milliseconds kEnd{1000};

// Never destroyed: its thread may be asleep in a write when the process ends.
LineWriter& Writer() {
  static LineWriter* const writer = new LineWriter(STDERR_FILENO, [](uint64_t lost) {
    return "bellwether: " + std::to_string(lost) +
           " lines lost, because standard error was not read\n";
  });
  return *writer;
}

}  // namespace

void Say(const std::string& command, const std::string& text) {
  Writer().Add("bellwether " + command + ": " + Printable(text) + "\n");
}

void FinishTalking() { Writer().Flush(kEnd); }

}  // namespace bellwether::cli
