// `history`: who led an election before, as far as a controller remembers.
#include "election/history.h"

#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/controller_query.h"
#include "cli/documents.h"
#include "cli/exit_codes.h"
#include "cli/history_text.h"
#include "cli/query.h"
#include "cli/reading.h"
#include "cli/talk.h"

namespace bellwether::cli {
namespace {

Result<Target> TargetAtController(ReadingFlags& flags) {
  auto target = TargetOf(flags);
  if (!target || flags.source.by_controller()) return target;
  return Error{.code = Code::kInvalid,
               .message =
                   "etcd does not keep who led before, only who leads now; a controller remembers "
                   "what it has seen: name one by --controller URLS, without --endpoints"};
}

int History(ReadingFlags& flags, std::optional<size_t> limit) {
  const auto target = TargetAtController(flags);
  if (!target) return Fail("history", target.error(), kUsage);
  const auto answer = AskHistory(flags.source, *target, limit);
  if (!answer) return Fail("history", answer.error(), kFailed);
  std::string text;
  if (ForPeople(flags.format)) {
    text = HistoryTable(*answer, flags.format == Format::kWide, PaintFor(flags.color));
  } else {
    Document document = HistoryDocument(*target, *answer);
    AddMoment(&document, answer->moment);
    text = Render(document, flags.format);
  }
  const int printed = PrintAnswer("history", text, answer->moment);
  if (printed != kFailed) Say("history", SinceWhen(*target, *answer));
  return printed;
}

}  // namespace

void AddHistory(CLI::App& app, int* code) {
  const auto flags = std::make_shared<ReadingFlags>();
  const auto limit = std::make_shared<std::optional<size_t>>();
  CLI::App& command = AddReading(
      app, "history", "print an election's last changes of leader, by a controller", flags.get());
  command.add_option("election", flags->target.election, "NS/NAME")->required();
  command.add_option("--limit", *limit, "the newest ones, so many at most")
      ->check(CLI::Range(size_t{1}, election::History::kMaxChanges));
  command.footer(
      "--controller names who is asked. It remembers what it has seen since its start, 32 changes\n"
      "at most; standard error says since when none is missing. etcd keeps none of it, so that\n"
      "--endpoints is refused. LEADER - is nobody; LED FOR - is not over, or its begin or end was\n"
      "not seen.");
  command.callback([flags, limit, code] { *code = History(*flags, *limit); });
}

}  // namespace bellwether::cli
