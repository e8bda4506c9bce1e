// Server-sent events (text/event-stream of the HTML standard) from bytes, wherever they are cut.
// Pure. One parser for one connection.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bellwether::rest {

struct ServerEvent {
  std::string type;  // "message" when the stream gives none
  std::string data;
  // The id in force: of this event, or of the last one before it that had one.
  std::string id;
};

class SseParser {
 public:
  struct Limits {
    size_t line_bytes = 8 << 20;
    size_t event_bytes = 8 << 20;  // of its data
  };
  // `last_id`: what the stream is resumed from.
  SseParser(Limits limits, std::string last_id);

  // The events that these bytes complete. kTooLarge: a line or an event beyond the limits; the
  // parser is of no use then.
  Result<std::vector<ServerEvent>> Feed(std::string_view bytes);

  const std::string& last_id() const { return last_id_; }
  // The newest "retry:" of the stream.
  std::optional<Milliseconds> retry() const { return retry_; }

 private:
  Status OnLine(std::string_view line, std::vector<ServerEvent>& complete);
  Status OnField(std::string_view name, std::string_view value);

  const Limits limits_;
  std::string line_;       // the beginning of one that is not complete
  bool after_cr_ = false;  // a '\n' that comes next belongs to the line before
  bool at_start_ = true;   // where a byte order mark may stand
  std::string type_;
  std::string data_;
  bool has_data_ = false;
  std::string id_;  // takes effect with the event
  std::string last_id_;
  std::optional<Milliseconds> retry_;
};

}  // namespace bellwether::rest
