// `resign`: frees an election of a leader that cannot resign by itself.
//
// Straight on etcd that is an orphan alone: a key without a lease, which never expires. A key with
// a lease belongs to a process that may be at work; whoever deletes it makes two leaders.
#include <memory>
#include <string>
#include <utility>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/query.h"
#include "cli/talk.h"

namespace bellwether::cli {
namespace {

struct ResignFlags {
  QueryFlags query;
  bool yes = false;
};

// Both compares: it is the same place, and nobody has given it a lease since.
etcd::TxnRequest DeleteIfUnchanged(const election::CandidateView& place) {
  return {
      .compares = {{place.key, etcd::Compare::Target::kCreateRevision, place.create_revision.value},
                   {place.key, etcd::Compare::Target::kModRevision, place.mod_revision.value}},
      .success = {etcd::DeleteRequest{.key = place.key}}};
}

int Refuse(const Target& target, const election::CandidateView& leader) {
  Say("resign",
      leader.id + " leads " + target.name + " under lease " + leader.lease.Hex() +
          ", and only its own process can give the place up safely: deleting its key would let "
          "another one lead while it still works. Send SIGTERM to its `bellwether run`, or stop "
          "the program. If it is dead already, the place ends with the lease; `bellwether queue` "
          "shows when");
  return kFailed;
}

int Resign(const ResignFlags& flags) {
  const auto target = TargetOf(flags.query.target);
  if (!target) return Fail("resign", target.error(), kUsage);
  const auto read = ReadFirstPlace(flags.query.connection, *target);
  if (!read) return Fail("resign", read.error(), kFailed);
  const election::CandidateView* leader = read->view->leader();
  if (leader == nullptr) {
    Say("resign", "nobody leads " + target->name);
    return kNoLeader;
  }
  if (leader->lease) return Refuse(*target, *leader);
  if (!flags.yes) {
    Say("resign", leader->id + " holds " + target->name + " by the key " + leader->key +
                      ", which has no lease and never expires. Make sure that whoever wrote it is "
                      "not at work, then add --yes to delete the key");
    return kFailed;
  }
  const auto deleted = Ask<etcd::TxnResponse>(
      flags.query.connection, [&](etcd::Client& client, etcd::Callback<etcd::TxnResponse> done) {
        client.Txn(DeleteIfUnchanged(*leader), {}, std::move(done));
      });
  if (!deleted) return Fail("resign", deleted.error(), kFailed);
  if (!deleted->succeeded) {
    return Fail("resign",
                {.code = Code::kConflict,
                 .message = "the key " + Printable(leader->key) +
                            " has changed meanwhile and was left alone; look again with "
                            "`bellwether queue`"},
                kFailed);
  }
  const Status printed = Print(Printable(leader->key) + "\n");
  return printed ? kOk : Fail("resign", printed.error(), kFailed);
}

}  // namespace

void AddResign(CLI::App& app, int* code) {
  const auto flags = std::make_shared<ResignFlags>();
  CLI::App& command =
      AddQuery(app, "resign", "free an election of an orphan that leads it: a key without a lease",
               &flags->query);
  AddElectionFlags(command, &flags->query.target);
  command.add_flag("--yes", flags->yes, "delete the key");
  command.callback([flags, code] { *code = Resign(*flags); });
}

}  // namespace bellwether::cli
