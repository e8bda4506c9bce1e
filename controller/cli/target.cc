#include "cli/target.h"

#include "election/name.h"

namespace bellwether::cli {

Result<Target> TargetOf(const TargetFlags& flags, const std::string& how) {
  if (flags.election.empty() == flags.prefix.empty()) {
    return Error{.code = Code::kInvalid, .message = "give either " + how + " or --prefix PREFIX"};
  }
  Target target{.name = flags.prefix, .prefix = flags.prefix};
  if (!flags.election.empty()) {
    const auto name = election::ParseElectionName(flags.election);
    if (!name) return name.error();
    target = {.name = name->str(), .prefix = election::PrefixOf(flags.root, *name)};
  }
  if (auto usable = election::CheckPrefix(target.prefix); !usable) return usable.error();
  return target;
}

}  // namespace bellwether::cli
