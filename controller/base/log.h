// Log lines: a fixed message and fields, as text or JSON, on standard error. One line per event
// that a human acts on, none per keepalive, no secrets, no key values.
//
//   log::Info("leader changed", {{"election", name}, {"token", token.value}});
//
// Thread: any; none waits for whoever reads standard error: a thread of its own writes, from the
// first line on. Errors: a line that cannot be written is lost (standard error is gone); when
// nobody reads for long the oldest are dropped, and a line tells how many. The end of the process
// waits a second at most for what is not written yet.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/time.h"

namespace bellwether::log {

enum class Level { kDebug, kInfo, kWarning, kError, kOff };
enum class Format { kText, kJson };

// One value of a field; made from what it looks like.
class Value {
 public:
  Value(std::string_view text) : text_(text), quoted_(true) {}          // NOLINT: implicit
  Value(const std::string& text) : text_(text), quoted_(true) {}        // NOLINT: implicit
  Value(const char* text) : text_(text), quoted_(true) {}               // NOLINT: implicit
  Value(bool flag) : text_(flag ? "true" : "false"), quoted_(false) {}  // NOLINT: implicit
  template <typename Number>
  requires(std::is_arithmetic_v<Number> && !std::is_same_v<Number, bool>) Value(Number number)
      : text_(std::to_string(number)), quoted_(false) {}  // NOLINT: implicit
  const std::string& text() const { return text_; }
  bool quoted() const { return quoted_; }

 private:
  std::string text_;
  bool quoted_;
};

using Field = std::pair<std::string_view, Value>;
using Fields = std::initializer_list<Field>;

// Any thread, at any time; before the first call text at level info.
void Configure(Level level, Format format);

void Debug(std::string_view message, Fields fields = {});
void Info(std::string_view message, Fields fields = {});
void Warning(std::string_view message, Fields fields = {});
void Error(std::string_view message, Fields fields = {});

// Waits until all lines are written; false when they were not within `at_most`.
bool Flush(Milliseconds at_most);

}  // namespace bellwether::log
