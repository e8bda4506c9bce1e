// Writes lines to a descriptor from a thread of its own, so that nobody who has something to say
// waits for a reader that has stopped reading.
//
// Thread:  any. The writing thread starts with the first line and takes no signal. A child of fork
//          has none: what it adds is not written.
// Bounds:  kMaxWaiting bytes wait, and at most as many are being written. Beyond that the oldest
//          lines are dropped; their number is told before the next line that can be written.
// Errors:  what cannot be written is lost (the descriptor is gone). When no thread can be had, the
//          line is written by whoever adds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/time.h"

namespace bellwether {

class LineWriter {
 public:
  static constexpr size_t kMaxWaiting = 256 * 1024;

  // The line, with its '\n', that tells of `lost` ones. Called on the writing thread.
  using LostLine = std::function<std::string(uint64_t lost)>;

  // `fd` stays the caller's; no flag of it is changed, since others may share it.
  LineWriter(int fd, LostLine lost_line);
  // Waits for nothing; lines that are still there are written if they can be.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // Ends with '\n'.
  void Add(std::string line);
  // Waits until all is written; false when it was not within `at_most`.
  bool Flush(Milliseconds at_most);

 private:
  struct State;  // shared with the thread, which may be asleep in a write when this goes
  const std::shared_ptr<State> state_;
};

}  // namespace bellwether
