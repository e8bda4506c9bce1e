// `get`: the elections under a root, or all that a controller serves.
#include "cli/get.h"

#include <memory>

#include "cli/commands.h"
#include "cli/controller_query.h"
#include "cli/documents.h"
#include "cli/exit_codes.h"
#include "cli/listing.h"
#include "cli/query.h"
#include "cli/reading.h"
#include "cli/summary_table.h"
#include "cli/talk.h"
#include "election/name.h"
#include "election/root_queues.h"

namespace bellwether::cli {
namespace {

std::string AsTable(const ListAnswer& answer, bool wide, Paint paint) {
  Table table = SummaryTable(wide, paint);
  for (const Summary& election : answer.elections) table.Add(SummaryRow(election, wide));
  return table.Text();
}

Document AsDocument(const ListAnswer& answer) {
  Document all = Document::array();
  for (const Summary& election : answer.elections) all.push_back(SummaryDocument(election));
  Document document = {{"elections", std::move(all)}};
  AddMoment(&document, answer.moment);
  return document;
}

Result<ListAnswer> FromEtcd(const ReadingFlags& flags) {
  const std::string& root = flags.target.root;
  auto queues = election::RootQueues::OfRoot(root);
  const auto listing = Ask<Listing>(flags.source.connection,
                                    [&](etcd::Client& client, etcd::Callback<Listing> done) {
                                      List(client, queues.begin(), queues.end(), std::move(done));
                                    });
  if (!listing) return listing.error();
  ListAnswer answer{.moment = {listing->revision, listing->as_of}};
  // The first list of an empty machine: every election that has a candidate, in order.
  for (const auto& view :
       queues.Load({BootClock::now(), listing->as_of}, listing->revision, listing->kvs).published) {
    answer.elections.push_back(SummaryOf(*view));
  }
  if (queues.foreign_keys() > 0) {
    Say("get", std::to_string(queues.foreign_keys()) + " keys under " + root +
                   " belong to no election, because their names are not "
                   "<namespace>/<name>/<lease> in DNS labels");
  }
  return answer;
}

int Get(ReadingFlags& flags, bool watch) {
  if (auto chosen = ChooseSource(flags.source, flags.target); !chosen) {
    return Fail("get", chosen.error(), kUsage);
  }
  if (auto usable = election::CheckPrefix(flags.target.root); !usable) {
    return Fail("get", usable.error(), kUsage);
  }
  if (watch) return GetAndWatch(flags);
  const auto answer = flags.source.by_controller() ? AskList(flags.source) : FromEtcd(flags);
  if (!answer) return Fail("get", answer.error(), kFailed);
  const bool wide = flags.format == Format::kWide;
  return PrintAnswer("get",
                     ForPeople(flags.format) ? AsTable(*answer, wide, PaintFor(flags.color))
                                             : Render(AsDocument(*answer), flags.format),
                     answer->moment);
}

}  // namespace

void AddGet(CLI::App& app, int* code) {
  const auto flags = std::make_shared<ReadingFlags>();
  const auto watch = std::make_shared<bool>(false);
  CLI::App& command = AddReading(app, "get", "print all elections", flags.get());
  command.add_flag("-w,--watch", *watch, "go on with a line for each change, until interrupted");
  command.footer(
      "A controller shows the prefixes of its configuration too, and elections that have lost\n"
      "their last candidate. With -w, -o json prints one document a line, -o yaml one after ---.");
  command.callback([flags, watch, code] { *code = Get(*flags, *watch); });
}

}  // namespace bellwether::cli
