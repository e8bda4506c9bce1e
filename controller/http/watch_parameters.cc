#include "http/watch_parameters.h"

#include <algorithm>
#include <charconv>

#include "base/duration.h"
#include "http/common_answers.h"
#include "http/text.h"

namespace bellwether::http {
namespace {

constexpr std::string_view kIndexWanted =
    "the X-Bellwether-Index of an answer or the \"revision\" in it, a number from 0";

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text, int base = 10) {
  Number number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (ec != std::errc() || end != text.data() + text.size() || text.starts_with('-')) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

std::optional<Subject> ParseEventId(std::string_view text) {
  Subject subject;
  bool more = text.find('-') != std::string_view::npos;
  const auto revision = ParseNumber<int64_t>(TakeUntil(text, '-'));
  if (!revision) return std::nullopt;
  subject.after = Revision{*revision};
  while (more) {
    more = text.find('-') != std::string_view::npos;
    std::string_view part = TakeUntil(text, '-');
    const bool is_source = part.starts_with('p');
    if (is_source) part.remove_prefix(1);
    std::optional<uint64_t>& number = is_source ? subject.source : subject.cluster;
    if (number) return std::nullopt;
    number = ParseNumber<uint64_t>(part, is_source ? 16 : 10);
    if (!number) return std::nullopt;
  }
  return subject;
}

std::variant<std::optional<Blocking>, Response> ReadBlocking(const Call& call) {
  const std::string* wait = call.Find("wait");
  const std::string* index = call.Find("index");
  if (wait == nullptr && index == nullptr) return std::nullopt;
  Blocking blocking{.after = {}, .wait = kMaxWait};
  if (index != nullptr) {
    const auto number = ParseNumber<int64_t>(*index);
    if (!number) return InvalidParameter("index", *index, std::string(kIndexWanted));
    blocking.after = Revision{*number};
  }
  if (wait != nullptr) {
    const auto duration = ParseDuration(*wait);
    if (!duration) {
      return InvalidParameter("wait", *wait,
                              "a whole number and a unit, such as 30s, 500ms or 5m (longer waits "
                              "count as 5m)");
    }
    blocking.wait = std::min(*duration, kMaxWait);
  }
  return blocking;
}

std::variant<Subject, Response> ReadResume(const Call& call) {
  Subject subject;
  if (const std::string* index = call.Find("index")) {
    const auto given = ParseEventId(*index);
    if (!given) return InvalidParameter("index", *index, std::string(kIndexWanted));
    subject = *given;
  }
  if (!call.request.last_event_id.empty()) {
    subject = ParseEventId(call.request.last_event_id).value_or(Subject{});
    // An id is ours, and says where what it names was served from, if not from the root.
    if (!subject.source) subject.source = 0;
  }
  subject.stream = true;
  return subject;
}

}  // namespace bellwether::http
