// `leader`: who leads one election, by one linearizable read of etcd or by a controller's view.
#include <memory>

#include "cli/commands.h"
#include "cli/controller_query.h"
#include "cli/documents.h"
#include "cli/exit_codes.h"
#include "cli/query.h"
#include "cli/reading.h"
#include "cli/talk.h"

namespace bellwether::cli {
namespace {

Result<ElectionAnswer> ReadLeader(const ReadingFlags& flags, const Target& target) {
  if (!flags.source.by_controller()) return ReadFirstPlace(flags.source.connection, target);
  auto told = AskElection(flags.source, target, "/leader");
  if (!told) return told.error();
  return std::move(told->answer);
}

// An id that may be wrong is not printed alone: whoever takes it from a pipe would believe it.
std::string AsText(const ElectionAnswer& answer) {
  const election::CandidateView* leader = answer.view->leader();
  return leader != nullptr && !answer.moment.stale ? Printable(leader->id) + "\n" : "";
}

std::string AsWideText(const ElectionAnswer& answer) {
  const election::CandidateView* leader = answer.view->leader();
  if (leader == nullptr || answer.moment.stale) return "";
  return Printable(leader->id) + " " + std::to_string(leader->create_revision.value) + " " +
         (leader->address.empty() ? "-" : Printable(leader->address)) + "\n";
}

Document AsDocument(const Target& target, const ElectionAnswer& answer) {
  Document document = {{"election", target.name},
                       {"leader", LeaderDocument(answer.view->leader())},
                       {"fencingToken", TokenDocument(*answer.view)}};
  AddMoment(&document, answer.moment);
  return document;
}

std::string AsWhatIsAskedFor(Format format, const Target& target, const ElectionAnswer& answer) {
  if (!ForPeople(format)) return Render(AsDocument(target, answer), format);
  return format == Format::kWide ? AsWideText(answer) : AsText(answer);
}

int Leader(ReadingFlags& flags) {
  const auto target = TargetOf(flags);
  if (!target) return Fail("leader", target.error(), kUsage);
  const auto read = ReadLeader(flags, *target);
  if (!read) {
    Error unknown = read.error();
    unknown.message = "cannot tell who leads " + target->name + " now: " + unknown.message;
    return Fail("leader", unknown, kUnknown);
  }
  const election::CandidateView* leader = read->view->leader();
  if (read->moment.stale) {
    Say("leader", leader != nullptr ? "the last known leader is " + leader->id
                                    : "when last known, nobody led " + target->name);
  }
  const int printed =
      PrintAnswer("leader", AsWhatIsAskedFor(flags.format, *target, *read), read->moment);
  if (printed != kOk || leader != nullptr) return printed;
  Say("leader", "nobody leads " + target->name);
  return kNoLeader;
}

}  // namespace

void AddLeader(CLI::App& app, int* code) {
  const auto flags = std::make_shared<ReadingFlags>();
  CLI::App& command = AddReading(
      app, "leader", "print the id of an election's leader (exit code 3: none, 4: unknown)",
      flags.get());
  AddElectionFlags(command, &flags->target);
  command.footer("-o wide: ID TOKEN ADDRESS.");
  command.callback([flags, code] { *code = Leader(*flags); });
}

}  // namespace bellwether::cli
