#include "cli/summary_table.h"

#include "cli/documents.h"

namespace bellwether::cli {
namespace {

std::string OrDash(const std::string& text) { return text.empty() ? "-" : Printable(text); }

}  // namespace

Summary SummaryOf(const election::ElectionView& view) {
  Summary summary{.election = view.ns + "/" + view.name,
                  .candidates = view.queue.size(),
                  .last_change = view.last_change};
  if (const election::CandidateView* leader = view.leader()) summary.leader = *leader;
  return summary;
}

Table SummaryTable(bool wide, Paint paint) {
  std::vector<std::string> header = {"ELECTION", "LEADER", "TOKEN", "CANDIDATES"};
  if (wide) header.insert(header.end(), {"ADDRESS", "LEASE", "CHANGED", "KEY"});
  return Table(header, paint);
}

Row SummaryRow(const Summary& election, bool wide) {
  const auto& leader = election.leader;
  Row row = {Printable(election.election),
             leader ? Cell(Printable(leader->id)) : Cell("-", Style::kOdd),
             leader ? std::to_string(leader->create_revision.value) : "-",
             election.candidates ? std::to_string(*election.candidates) : "-"};
  if (wide) {
    row.insert(row.end(),
               {leader ? OrDash(leader->address) : "-", leader ? LeaseColumn(leader->lease) : "-",
                std::to_string(election.last_change.value), leader ? OrDash(leader->key) : "-"});
  }
  return row;
}

Document SummaryDocument(const Summary& election) {
  const auto& leader = election.leader;
  Document shown = LeaderDocument(leader ? &*leader : nullptr);
  if (shown.is_object()) shown.erase("value");
  return {{"election", election.election},
          {"leader", std::move(shown)},
          {"fencingToken", leader ? Document(leader->create_revision.value) : Document(nullptr)},
          {"candidates", election.candidates ? Document(*election.candidates) : Document(nullptr)},
          {"lastChange", election.last_change.value}};
}

}  // namespace bellwether::cli
