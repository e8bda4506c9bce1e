#include "cli/run_settings.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/duration.h"
#include "base/random.h"
#include "election/fence.h"
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

Result<Milliseconds> Between(const char* flag, const std::string& text, Milliseconds least,
                             Milliseconds most) {
  const auto given = ParseDuration(text);
  if (!given) return Invalid(std::string(flag) + ": " + given.error().message);
  if (*given < least || *given > most) {
    return Invalid(std::string(flag) + ": " + text + " is out of bounds; choose between " +
                   ToString(least) + " and " + ToString(most));
  }
  return *given;
}

Result<HealthSettings> HealthOf(const RunFlags& flags) {
  auto target = ParseHealthTarget(flags.health);
  if (!target) return target.error();
  const auto interval = Between("--health-interval", flags.health_interval, Milliseconds(100),
                                Milliseconds(3600 * 1000));
  if (!interval) return interval.error();
  const auto timeout =
      Between("--health-timeout", flags.health_timeout, Milliseconds(10), Milliseconds(60 * 1000));
  if (!timeout) return timeout.error();
  const auto start = Between("--health-start", flags.health_start, Milliseconds(0),
                             Milliseconds(24 * 3600 * 1000));
  if (!start) return start.error();
  // A sidecar joins only once the application is well, so failures before that cost nothing.
  return HealthSettings{.target = *std::move(target),
                        .times = {.interval = *interval,
                                  .failures = flags.health_failures,
                                  .successes = flags.health_successes,
                                  .start = flags.command.empty() ? Milliseconds(0) : *start},
                        .timeout = *timeout};
}

// A sidecar has no command that could be killed: the grace is the application's time to notice.
Status CheckTimes(const RunFlags& flags, const RunSettings& settings) {
  const Milliseconds grace = flags.command.empty()
                                 ? std::max(settings.stop_grace, election::kKillMargin)
                                 : settings.stop_grace;
  return election::CheckTtl(settings.candidate.ttl, grace, settings.endpoint_timeout);
}

}  // namespace

Result<RunSettings> CheckRunFlags(const RunFlags& flags) {
  RunSettings settings;
  if (flags.command.empty() && flags.http.empty()) {
    return Invalid(
        "no command given; write it behind --, as in: bellwether run … -- ./server; or give --http "
        "HOST:PORT to be a sidecar, which tells by HTTP who leads");
  }
  if (flags.command.empty() && flags.restarts > 0) {
    return Invalid("--restart is about CMD, and none is given; leave it out");
  }
  const auto target = TargetOf(flags.target, "--election NS/NAME");
  if (!target) return target.error();
  settings.election = target->name;
  settings.candidate.prefix = target->prefix;
  if (flags.raw && !(flags.address.empty() && flags.value.empty())) {
    return Invalid(
        "--raw-value is all that is stored, so --address and --value would not be published; leave "
        "them out, or give --value instead of --raw-value");
  }
  const auto ttl = ParseDuration(flags.ttl);
  if (!ttl) return Invalid("--ttl: " + ttl.error().message);
  settings.candidate.ttl = *ttl;
  settings.stop_grace = flags.command.empty() ? Milliseconds(0) : election::DefaultStopGrace(*ttl);
  if (!flags.stop_grace.empty()) {
    const auto grace = ParseDuration(flags.stop_grace);
    if (!grace) return Invalid("--stop-grace: " + grace.error().message);
    settings.stop_grace = *grace;
  }
  settings.endpoint_timeout = election::DefaultEndpointTimeout(*ttl);
  if (auto fits = CheckTimes(flags, settings); !fits) return fits.error();
  if (!flags.health.empty()) {
    auto health = HealthOf(flags);
    if (!health) return health.error();
    settings.health = *std::move(health);
  }
  settings.id = flags.id.empty() ? DefaultId() : flags.id;
  settings.candidate.value = flags.raw ? flags.raw_value
                                       : election::EncodeValue({.id = settings.id,
                                                                .address = flags.address,
                                                                .value = flags.value,
                                                                .secret_hash = {}});
  settings.from_terminal = isatty(STDIN_FILENO) != 0;
  return settings;
}

}  // namespace bellwether::cli
