// The last changes of leader, as people and programs read them. Pure.
#pragma once

#include <string>

#include "cli/answers.h"
#include "cli/color.h"
#include "cli/output.h"
#include "cli/target.h"

namespace bellwether::cli {

// The newest last, as a log reads.
std::string HistoryTable(const HistoryAnswer& answer, bool wide, Paint paint);
Document HistoryDocument(const Target& target, const HistoryAnswer& answer);
// A sentence: since when no change is missing.
std::string SinceWhen(const Target& target, const HistoryAnswer& answer);

// "350ms", "15s", "2h3m": two units at most, never longer than it was.
std::string Span(Milliseconds duration);

}  // namespace bellwether::cli
