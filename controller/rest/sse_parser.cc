#include "rest/sse_parser.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace bellwether::rest {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
// An id goes into a header of the next request.
constexpr size_t kMaxIdBytes = 1024;
constexpr int64_t kMaxRetryMs = 60000;

Error TooLarge(const char* what, size_t limit) {
  return {.code = Code::kTooLarge,
          .message = std::string("the event stream sent ") + what + " of more than " +
                     std::to_string(limit) + " bytes"};
}

}  // namespace

SseParser::SseParser(Limits limits, std::string last_id)
    : limits_(limits), id_(last_id), last_id_(std::move(last_id)) {}

Result<std::vector<ServerEvent>> SseParser::Feed(std::string_view bytes) {
  std::vector<ServerEvent> complete;
  while (!bytes.empty()) {
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const size_t end = bytes.find_first_of("\r\n");
    const std::string_view part = bytes.substr(0, end);
    if (line_.size() + part.size() > limits_.line_bytes) {
      return TooLarge("a line", limits_.line_bytes);
    }
    line_.append(part);
    if (end == std::string_view::npos) break;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    const std::string line = std::exchange(line_, {});
    if (Status taken = OnLine(line, complete); !taken) return taken.error();
  }
  return complete;
}

Status SseParser::OnLine(std::string_view line, std::vector<ServerEvent>& complete) {
  if (std::exchange(at_start_, false) && line.starts_with(kByteOrderMark)) {
    line.remove_prefix(kByteOrderMark.size());
  }
  if (!line.empty()) {
    const size_t colon = line.find(':');
    if (colon == 0) return Ok();  // a comment, by which a stream shows that it lives
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    return OnField(line.substr(0, colon), value);
  }
  last_id_ = id_;
  if (std::exchange(has_data_, false)) {
    data_.pop_back();  // the last '\n'
    complete.push_back({.type = type_.empty() ? "message" : std::exchange(type_, {}),
                        .data = std::exchange(data_, {}),
                        .id = last_id_});
  }
  type_.clear();
  return Ok();
}

Status SseParser::OnField(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (data_.size() + value.size() > limits_.event_bytes) {
      return TooLarge("an event", limits_.event_bytes);
    }
    data_.append(value).append("\n");
    has_data_ = true;
  } else if (name == "event") {
    type_ = value;
  } else if (name == "id") {
    const bool usable = value.size() <= kMaxIdBytes && value.find('\0') == std::string_view::npos;
    if (usable) id_ = value;
  } else if (name == "retry") {
    int64_t ms = 0;
    const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), ms);
    const bool digits = ec == std::errc() && end == value.data() + value.size() && ms >= 0;
    if (digits) retry_ = Milliseconds(std::min(ms, kMaxRetryMs));
  }
  return Ok();
}

}  // namespace bellwether::rest
