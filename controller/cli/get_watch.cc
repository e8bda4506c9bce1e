// `get --watch`: the table of elections, then a line for each change.
#include <map>
#include <string>
#include <utility>

#include "cli/exit_codes.h"
#include "cli/follow.h"
#include "cli/get.h"
#include "cli/query.h"
#include "cli/summary_table.h"
#include "cli/talk.h"

namespace bellwether::cli {
namespace {

// What is kept grows with what there is; more than this is more than etcd has room for.
constexpr size_t kMaxElections = 1000000;

class GetWatcher final : public FollowHandler {
 public:
  explicit GetWatcher(const ReadingFlags& flags)
      : format_(flags.format),
        wide_(flags.format == Format::kWide),
        table_(SummaryTable(wide_, PaintFor(flags.color))) {}

  const Status& status() const { return status_; }

 private:
  bool OnElection(const Summary& election) override {
    Shown& shown = shown_[election.election];
    shown.seen = true;
    if (shown_.size() > kMaxElections) {
      status_ = Error{.code = Code::kTooLarge,
                      .message = "there are more than " + std::to_string(kMaxElections) +
                                 " elections, too many to watch"};
      return false;
    }
    const std::string text = Compared(election);
    if (shown.text == text) return status_.ok();
    shown.text = text;
    return Show(election);
  }

  bool OnGone(const std::string& election) override {
    const bool known = shown_.erase(election) != 0;
    return known ? Show({.election = election, .candidates = 0}) : status_.ok();
  }

  bool OnReset() override {
    resetting_ = true;
    for (auto& [election, shown] : shown_) shown.seen = false;
    return status_.ok();
  }

  bool OnKnown() override {
    if (std::exchange(resetting_, false)) DropUnseen();
    doubted_ = false;
    if (std::exchange(first_, false) && ForPeople(format_)) PutTable();
    return status_.ok();
  }

  bool OnDoubt(const std::string& why) override {
    if (!doubted_) Say("get", "what was printed may have changed meanwhile: " + why);
    doubted_ = true;
    return status_.ok();
  }

  struct Shown {
    std::string text;
    bool seen = false;  // since everything was told anew
  };

  void DropUnseen() {
    for (auto it = shown_.begin(); it != shown_.end();) {
      if (it->second.seen) {
        ++it;
        continue;
      }
      const Summary gone{.election = it->first, .candidates = 0};
      it = shown_.erase(it);
      Show(gone);
    }
  }

  std::string TextOf(const Summary& election) const {
    if (!ForPeople(format_)) return RenderOneOfMany(SummaryDocument(election), format_);
    return table_.Line(SummaryRow(election, wide_));
  }

  // What a line would show, however wide its columns are.
  std::string Compared(const Summary& election) const {
    if (!ForPeople(format_)) return TextOf(election);
    std::string text;
    for (const Cell& cell : SummaryRow(election, wide_)) text += cell.text + '\n';
    return text;
  }

  // What comes before everything is known makes one table, whose columns stay.
  bool Show(const Summary& election) {
    if (first_ && ForPeople(format_)) {
      const bool vacant = !election.leader;
      Summary& kept = rows_[election.election] = election;
      if (!vacant) kept.leader->value.clear();
    } else {
      Put(TextOf(election));
    }
    return status_.ok();
  }

  void PutTable() {
    for (const auto& [name, election] : std::exchange(rows_, {})) {
      if (shown_.count(name) != 0) table_.Add(SummaryRow(election, wide_));
    }
    Put(table_.Text());
    table_.Forget();
  }

  void Put(const std::string& text) {
    if (status_) status_ = Print(text);
  }

  const Format format_;
  const bool wide_;
  Table table_;
  std::map<std::string, Shown> shown_;
  std::map<std::string, Summary> rows_;  // of the first table
  bool first_ = true;
  bool resetting_ = false;
  bool doubted_ = false;
  Status status_ = Ok();
};

}  // namespace

int GetAndWatch(const ReadingFlags& flags) {
  GetWatcher watcher(flags);
  const Status followed = Follow(flags.source, {.root = flags.target.root}, watcher);
  return Fail("get", (followed ? watcher.status() : followed).error(), kFailed);
}

}  // namespace bellwether::cli
