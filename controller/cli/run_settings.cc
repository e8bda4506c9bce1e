#include "cli/run_settings.h"

#include <unistd.h>

#include "base/duration.h"
#include "base/random.h"
#include "election/fence.h"
#include "election/name.h"
#include "election/value.h"

namespace bellwether::cli {
namespace {

Error Invalid(std::string message) {
  return {.code = Code::kInvalid, .message = std::move(message)};
}

// Unique without anybody's care: two candidates of one host, or of one restarted container, must
// not share an id.
std::string DefaultId() {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  const uint64_t random = Random::FromEntropy().Below(1 << 24);
  return std::string(host) + "-" + LeaseId{static_cast<int64_t>(random)}.Hex();
}

}  // namespace

Result<RunSettings> CheckRunFlags(const RunFlags& flags) {
  RunSettings settings;
  if (flags.command.empty()) {
    return Invalid("no command given; write it behind --, as in: bellwether run … -- ./server");
  }
  if (flags.election.empty() == flags.prefix.empty()) {
    return Invalid("give either --election NS/NAME or --prefix PREFIX");
  }
  if (!flags.election.empty()) {
    const auto name = election::ParseElectionName(flags.election);
    if (!name) return name.error();
    settings.election = name->str();
    settings.candidate.prefix = election::PrefixOf(flags.root, *name);
  } else {
    settings.election = settings.candidate.prefix = flags.prefix;
  }
  if (auto usable = election::CheckPrefix(settings.candidate.prefix); !usable)
    return usable.error();
  const auto ttl = ParseDuration(flags.ttl);
  if (!ttl) return Invalid("--ttl: " + ttl.error().message);
  settings.candidate.ttl = *ttl;
  settings.stop_grace = election::DefaultStopGrace(*ttl);
  if (!flags.stop_grace.empty()) {
    const auto grace = ParseDuration(flags.stop_grace);
    if (!grace) return Invalid("--stop-grace: " + grace.error().message);
    settings.stop_grace = *grace;
  }
  settings.endpoint_timeout = election::DefaultEndpointTimeout(*ttl);
  if (auto fits = election::CheckTtl(*ttl, settings.stop_grace, settings.endpoint_timeout); !fits) {
    return fits.error();
  }
  settings.id = flags.id.empty() ? DefaultId() : flags.id;
  settings.candidate.value = flags.raw ? flags.raw_value
                                       : election::EncodeValue({.id = settings.id,
                                                                .address = flags.address,
                                                                .value = flags.value,
                                                                .secret_hash = {}});
  return settings;
}

}  // namespace bellwether::cli
