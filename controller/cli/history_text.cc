#include "cli/history_text.h"

#include <array>
#include <utility>

#include "cli/table.h"

namespace bellwether::cli {
namespace {

using election::PastChange;

bool IsLed(const PastChange& change) { return change.token.value != 0; }

Document ChangeDocument(const PastChange& change) {
  Document document = {
      {"time", Rfc3339(change.seen.wall)},
      {"revision", change.seen.revision.value},
      {"leader", nullptr},
      {"fencingToken", nullptr},
      {"ledForMs", change.led_for ? Document(change.led_for->count()) : Document(nullptr)},
      {"listed", change.listed}};
  if (IsLed(change)) {
    document["leader"] = {{"id", change.id}, {"address", change.address}};
    document["fencingToken"] = change.token.value;
  }
  return document;
}

}  // namespace

std::string Span(Milliseconds duration) {
  static constexpr std::array<std::pair<int64_t, const char*>, 5> kUnits = {
      {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}}};
  int64_t rest = duration.count();
  for (size_t i = 0; i < kUnits.size(); ++i) {
    const auto [size, name] = kUnits[i];
    if (rest < size) continue;
    std::string text = std::to_string(rest / size) + name;
    rest %= size;
    // Whoever led for seconds is not looked at by the millisecond.
    if (i + 2 >= kUnits.size()) return text;
    const auto [next_size, next_name] = kUnits[i + 1];
    if (rest >= next_size) text += std::to_string(rest / next_size) + next_name;
    return text;
  }
  return "0ms";
}

std::string HistoryTable(const HistoryAnswer& answer, bool wide, Paint paint) {
  std::vector<std::string> header = {"TIME", "LEADER", "TOKEN", "LED FOR"};
  if (wide) header.insert(header.end(), {"REVISION", "SEEN BY", "ADDRESS"});
  Table table(header, paint);
  for (const PastChange& change : answer.changes) {
    Row row = {Rfc3339(change.seen.wall),
               IsLed(change) ? Cell(Printable(change.id)) : Cell("-", Style::kOdd),
               IsLed(change) ? std::to_string(change.token.value) : "-",
               change.led_for ? Span(*change.led_for) : "-"};
    if (wide) {
      row.insert(row.end(),
                 {std::to_string(change.seen.revision.value), change.listed ? "list" : "event",
                  change.address.empty() ? "-" : Printable(change.address)});
    }
    table.Add(std::move(row));
  }
  return table.Text();
}

Document HistoryDocument(const Target& target, const HistoryAnswer& answer) {
  Document document = {
      {"election", target.name}, {"changes", Document::array()}, {"completeSince", nullptr}};
  for (const PastChange& change : answer.changes) {
    document["changes"].push_back(ChangeDocument(change));
  }
  if (const auto& since = answer.complete_since) {
    document["completeSince"] = {{"time", Rfc3339(since->wall)},
                                 {"revision", since->revision.value}};
  }
  return document;
}

std::string SinceWhen(const Target& target, const HistoryAnswer& answer) {
  const auto& since = answer.complete_since;
  if (!since) {
    return "the controller does not know " + target.name +
           ": nobody has stood in it for long, or ever; `bellwether get` lists those that it knows";
  }
  return "no change is missing since " + Rfc3339(since->wall) + ", revision " +
         std::to_string(since->revision.value);
}

}  // namespace bellwether::cli
