// GET /metrics, /livez, /readyz, /healthz. They ignore Accept: a scraper or a probe with an odd one
// must still get its answer.
#include <utility>

#include "http/calls.h"
#include "http/common_answers.h"

namespace bellwether::http {
namespace {

Response Metrics(const Sources& sources) {
  Response response = ProbeAnswer(200, sources.metrics());
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

// That this answers at all is the news. It does not depend on etcd: an outage there must not
// restart us.
Response Alive(const Call& call) {
  return ProbeAnswer(200, call.Find("verbose") != nullptr ? "[+]serving ok\nlive\n" : "ok\n");
}

// As Kubernetes' own components write it.
std::string Verbose(const Readiness& readiness) {
  std::string text;
  for (const Readiness::Check& check : readiness.checks) {
    text += check.ok ? "[+]" + check.name + " ok\n"
                     : "[-]" + check.name + " failed: " + check.why + "\n";
  }
  for (const std::string& warning : readiness.warnings) text += "warning: " + warning + "\n";
  return text + (readiness.ok() ? "ready\n" : "not ready\n");
}

Response Ready(const Call& call, const Sources& sources) {
  const Readiness readiness = sources.readiness();
  if (!readiness.ok()) return ProbeAnswer(503, Verbose(readiness));
  return ProbeAnswer(200, call.Find("verbose") != nullptr ? Verbose(readiness) : "ok\n");
}

}  // namespace

std::vector<Route> ProbeCalls(const Sources& sources) {
  return {{.method = "GET",
           .pattern = "/metrics",
           .parameters = {},
           .what = "metrics for Prometheus",
           .handler = [&sources](const Call&) { return Metrics(sources); },
           .unlogged = true},
          {.method = "GET",
           .pattern = "/livez",
           .parameters = {"verbose"},
           .what = "200 while this process serves, whatever etcd does",
           .handler = Alive,
           .beyond_the_limit = true,
           .unlogged = true},
          {.method = "GET",
           .pattern = "/readyz",
           .parameters = {"verbose"},
           .what = "200 while answers are worth asking for, else 503 with the reasons",
           .handler = [&sources](const Call& call) { return Ready(call, sources); },
           .unlogged = true},
          {.method = "GET",
           .pattern = "/healthz",
           .parameters = {"verbose"},
           .what = "the same as /livez",
           .handler = Alive,
           .beyond_the_limit = true,
           .unlogged = true}};
}

}  // namespace bellwether::http
