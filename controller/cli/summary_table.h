// Elections as `get` prints them, whoever told of them.
#pragma once

#include <string>

#include "cli/answers.h"
#include "cli/output.h"
#include "cli/table.h"

namespace bellwether::cli {

Summary SummaryOf(const election::ElectionView& view);

// ELECTION LEADER TOKEN CANDIDATES, and more with `wide`.
Table SummaryTable(bool wide, Paint paint);
Row SummaryRow(const Summary& election, bool wide);

// {"election","leader","fencingToken","candidates","lastChange"}; the leader without its value, of
// which a list of many has none.
Document SummaryDocument(const Summary& election);

}  // namespace bellwether::cli
