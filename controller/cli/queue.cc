// `queue`: every place of one election, foreign ones too, with what is odd about each.
#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "cli/commands.h"
#include "cli/controller_query.h"
#include "cli/documents.h"
#include "cli/exit_codes.h"
#include "cli/listing.h"
#include "cli/query.h"
#include "cli/reading.h"
#include "cli/remarks.h"
#include "cli/table.h"
#include "cli/talk.h"
#include "election/root_queues.h"

namespace bellwether::cli {
namespace {

using election::CandidateView;
using election::ElectionView;
using Leases = std::map<LeaseId, LeaseState>;

// Leases asked about for one queue, the first places first, so that a crowd does not turn into as
// many calls.
constexpr size_t kMaxLeases = 200;

// From etcd.
struct Answer {
  Listing listing;
  Leases leases;
};

// From either. A controller does not tell what is left of each lease.
struct QueueAnswer {
  ElectionAnswer election;
  Leases leases;
};

// The leases of `answer->listing`, then `done`.
void AskLeases(etcd::Client& client, std::shared_ptr<Answer> answer, etcd::Callback<Answer> done) {
  auto& places = answer->listing.kvs;
  std::sort(places.begin(), places.end(),
            [](const auto& a, const auto& b) { return a.create_revision < b.create_revision; });
  std::map<LeaseId, bool> wanted;
  for (const etcd::KeyValue& place : places) {
    if (place.lease && wanted.size() < kMaxLeases) wanted[place.lease] = true;
  }
  if (wanted.empty()) return done(*std::move(answer));
  const auto waiting = std::make_shared<size_t>(wanted.size());
  for (const auto& [lease, asked] : wanted) {
    client.LeaseTimeToLive(
        lease, false, {},
        [answer, waiting, done, id = lease](const Result<etcd::LeaseTimeToLiveResponse>& told) {
          // One that is not answered is not remarked on.
          if (told) answer->leases[id] = {told->remaining, told->granted};
          if (--*waiting == 0) done(std::move(*answer));
        });
  }
}

std::string Text(const std::vector<Remark>& remarks) {
  std::string text;
  for (const Remark& remark : remarks) text += (text.empty() ? "" : "; ") + remark.text;
  return text;
}

// What is left of a lease; nullptr = not known.
const LeaseState* Find(const Leases& leases, LeaseId lease) {
  const auto found = leases.find(lease);
  return found == leases.end() ? nullptr : &found->second;
}

std::string AsTable(const ElectionView& view, const Leases& leases, bool wide, Paint paint) {
  std::vector<std::string> header = {"PLACE", "ID", "LEASE", "TOKEN", "TTL", "KIND"};
  if (wide) header.insert(header.end(), {"ADDRESS", "KEY"});
  header.emplace_back("REMARK");
  Table table(header, paint);
  const auto remarks = RemarksOn(view, leases);
  for (size_t i = 0; i < view.queue.size(); ++i) {
    const CandidateView& place = view.queue[i];
    const LeaseState* lease = Find(leases, place.lease);
    Row row = {std::to_string(i + 1),
               Printable(place.id),
               LeaseColumn(place.lease),
               std::to_string(place.create_revision.value),
               lease != nullptr
                   ? std::to_string(std::max<int64_t>(0, lease->remaining.count() / 1000)) + "s"
                   : "-",
               place.ours ? "own" : "foreign"};
    if (wide) {
      row.insert(row.end(),
                 {place.address.empty() ? "-" : Printable(place.address), Printable(place.key)});
    }
    row.emplace_back(Text(remarks[i]), Style::kOdd);
    table.Add(std::move(row));
  }
  return table.Text();
}

Document AsDocument(const Target& target, const QueueAnswer& answer) {
  const ElectionView& view = *answer.election.view;
  Document places = Document::array();
  const auto remarks = RemarksOn(view, answer.leases);
  for (size_t i = 0; i < view.queue.size(); ++i) {
    const CandidateView& place = view.queue[i];
    const LeaseState* lease = Find(answer.leases, place.lease);
    Document entry = LeaderDocument(&place);
    entry["fencingToken"] = place.create_revision.value;
    entry["own"] = place.ours;
    entry["leaseTtlMs"] = lease != nullptr ? Document(lease->remaining.count()) : Document(nullptr);
    entry["leaseGrantedMs"] =
        lease != nullptr ? Document(lease->granted.count()) : Document(nullptr);
    entry["remarks"] = Document::array();
    for (const Remark& remark : remarks[i]) {
      entry["remarks"].push_back({{"code", remark.code}, {"text", remark.text}});
    }
    places.push_back(std::move(entry));
  }
  // By name a controller knows it, by its prefix etcd does.
  const std::string& prefix = target.prefix.empty() ? view.prefix : target.prefix;
  Document document = {{"election", target.name}, {"prefix", prefix}, {"queue", std::move(places)}};
  AddMoment(&document, answer.election.moment);
  return document;
}

Result<QueueAnswer> FromEtcd(const ReadingFlags& flags, const Target& target) {
  auto queues = election::RootQueues::OfPrefix({.election = {}, .prefix = target.prefix});
  auto answer =
      Ask<Answer>(flags.source.connection, [&](etcd::Client& client, etcd::Callback<Answer> done) {
        List(client, queues.begin(), queues.end(), [&client, done](Result<Listing> listing) {
          if (!listing) return done(listing.error());
          AskLeases(client, std::make_shared<Answer>(Answer{.listing = *std::move(listing)}), done);
        });
      });
  if (!answer) return answer.error();
  const Listing& listing = answer->listing;
  auto loaded = queues.Load({BootClock::now(), listing.as_of}, listing.revision, listing.kvs);
  QueueAnswer told;
  told.election.view = loaded.published.front();
  told.election.moment = {.revision = listing.revision, .as_of = listing.as_of};
  told.leases = std::move(answer->leases);
  return told;
}

Result<QueueAnswer> FromController(const ReadingFlags& flags, const Target& target) {
  auto told = AskElection(flags.source, target, "");
  if (!told) return told.error();
  if (told->queue_cut) {
    Say("queue", "the queue is too long for one answer of the controller: only its first " +
                     std::to_string(told->answer.view->queue.size()) + " places are shown");
  }
  QueueAnswer answer;
  answer.election = std::move(told->answer);
  return answer;
}

Result<QueueAnswer> ReadQueue(const ReadingFlags& flags, const Target& target) {
  if (flags.source.by_controller()) return FromController(flags, target);
  return FromEtcd(flags, target);
}

int Queue(ReadingFlags& flags) {
  const auto target = TargetOf(flags);
  if (!target) return Fail("queue", target.error(), kUsage);
  const auto answer = ReadQueue(flags, *target);
  if (!answer) return Fail("queue", answer.error(), kFailed);
  const bool wide = flags.format == Format::kWide;
  return PrintAnswer("queue",
                     ForPeople(flags.format) ? AsTable(*answer->election.view, answer->leases, wide,
                                                       PaintFor(flags.color))
                                             : Render(AsDocument(*target, *answer), flags.format),
                     answer->election.moment);
}

}  // namespace

void AddQueue(CLI::App& app, int* code) {
  const auto flags = std::make_shared<ReadingFlags>();
  CLI::App& command = AddReading(
      app, "queue", "print an election's queue, foreign candidates and orphans too", flags.get());
  AddElectionFlags(command, &flags->target);
  command.footer(
      "REMARK names orphans (no lease, or one that nobody renews) and keys that are not what they\n"
      "seem. A client that believes it is queued although its key is gone does not show in etcd.\n"
      "TTL, what is left of the lease, only etcd itself tells.");
  command.callback([flags, code] { *code = Queue(*flags); });
}

}  // namespace bellwether::cli
