// `watch`: a line for each change of leader, from the present one on, until it is interrupted.
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/documents.h"
#include "cli/exit_codes.h"
#include "cli/follow.h"
#include "cli/query.h"
#include "cli/reading.h"
#include "cli/talk.h"

namespace bellwether::cli {
namespace {

// Prints what is known: who leads, that nobody does, or that it cannot be known now.
class Watcher final : public FollowHandler {
 public:
  Watcher(const Target& target, const ReadingFlags& flags)
      : target_(target), format_(flags.format), paint_(PaintFor(flags.color)) {}

  const Status& printed() const { return printed_; }

 private:
  bool OnElection(const Summary& election) override {
    const auto token = [](const Summary& s) {
      return s.leader ? s.leader->create_revision : Revision{};
    };
    const bool changed = token(election) != token(now_);
    now_ = election;
    return known_ && changed ? PrintLeader() : printed_.ok();
  }
  bool OnGone(const std::string& /*election*/) override { return OnElection({}); }
  bool OnReset() override { return printed_.ok(); }
  bool OnKnown() override {
    known_ = true;
    return PrintLeader();
  }
  bool OnDoubt(const std::string& why) override {
    known_ = false;
    Say("watch", "who leads " + target_.name + " is not known now: " + why);
    return PrintLine("unknown", Style::kBad, nullptr);
  }

  bool PrintLeader() {
    if (now_.leader) return PrintLine("leader", Style::kGood, &*now_.leader);
    return PrintLine("none", Style::kOdd, nullptr);
  }

  bool PrintLine(const char* state, Style style, const election::CandidateView* leader) {
    const std::string time = Rfc3339(std::chrono::system_clock::now());
    std::string line;
    if (!ForPeople(format_)) {
      const Document document = {
          {"time", time},
          {"election", target_.name},
          {"state", state},
          {"leader", LeaderDocument(leader)},
          {"fencingToken",
           leader != nullptr ? Document(leader->create_revision.value) : Document(nullptr)}};
      line = RenderOneOfMany(document, format_);
    } else {
      line = time + " " + paint_(style, state);
      if (leader != nullptr) {
        line += " " + Printable(leader->id) + " " + std::to_string(leader->create_revision.value);
      }
      if (leader != nullptr && format_ == Format::kWide) {
        line += " " + (leader->address.empty() ? "-" : Printable(leader->address));
      }
      line += "\n";
    }
    printed_ = Print(line);
    return printed_.ok();
  }

  const Target& target_;
  const Format format_;
  const Paint paint_;
  Summary now_;
  bool known_ = false;
  Status printed_ = Ok();
};

int Watch(ReadingFlags& flags) {
  const auto target = TargetOf(flags);
  if (!target) return Fail("watch", target.error(), kUsage);
  Watcher watcher(*target, flags);
  const Status followed = Follow(flags.source, {.election = &*target}, watcher);
  return Fail("watch", (followed ? watcher.printed() : followed).error(), kFailed);
}

}  // namespace

void AddWatch(CLI::App& app, int* code) {
  const auto flags = std::make_shared<ReadingFlags>();
  CLI::App& command = AddReading(
      app, "watch", "print each change of an election's leader, until interrupted", flags.get());
  AddElectionFlags(command, &flags->target);
  command.footer(
      "A line each: TIME leader ID TOKEN, TIME none, or TIME unknown while it cannot be known.\n"
      "-o wide adds the address; -o json prints one document a line, -o yaml one after ---.");
  command.callback([flags, code] { *code = Watch(*flags); });
}

}  // namespace bellwether::cli
