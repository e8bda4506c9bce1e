#include "app/http_families.h"

#include <chrono>
#include <string>
#include <utility>

namespace bellwether::app {
namespace {

using prometheus::MetricType;

prometheus::ClientMetric Sample(MetricType type, uint64_t value) {
  prometheus::ClientMetric sample;
  (type == MetricType::Counter ? sample.counter.value : sample.gauge.value) =
      static_cast<double>(value);
  return sample;
}

prometheus::MetricFamily Family(std::string name, std::string help, MetricType type,
                                uint64_t value) {
  return {std::move(name), std::move(help), type, {Sample(type, value)}};
}

prometheus::MetricFamily HandshakeFamily(const http::TlsCounters& counters) {
  prometheus::MetricFamily family{"bellwether_http_tls_handshake_failures_total",
                                  "TLS handshakes that failed, by why.",
                                  MetricType::Counter,
                                  {}};
  for (size_t i = 0; i < counters.handshake_failures.size(); ++i) {
    prometheus::ClientMetric sample = Sample(MetricType::Counter, counters.handshake_failures[i]);
    sample.label = {{"reason", std::string(http::kHandshakeFailures[i])}};
    family.metric.push_back(std::move(sample));
  }
  return family;
}

// Of a port that speaks TLS.
void AddTlsFamilies(const http::TlsCounters& counters,
                    std::vector<prometheus::MetricFamily>& families) {
  const auto expires = std::chrono::duration_cast<std::chrono::seconds>(
      counters.certificate_expires.time_since_epoch());
  families.push_back(Family("bellwether_http_tls_certificate_expiration_timestamp_seconds",
                            "When the certificate that is shown to clients expires.",
                            MetricType::Gauge, static_cast<uint64_t>(expires.count())));
  families.push_back(Family("bellwether_http_tls_last_reload_successful",
                            "1 when the TLS files are in use as they are on disk; 0 while older "
                            "ones are in use, because those on disk cannot be used.",
                            MetricType::Gauge, counters.last_reload_successful ? 1 : 0));
  families.push_back(Family("bellwether_http_tls_reloads_total",
                            "Times that TLS files had changed and were taken.", MetricType::Counter,
                            counters.reloads));
  families.push_back(Family("bellwether_http_tls_reloads_refused_total",
                            "Times that TLS files had changed and could not be used.",
                            MetricType::Counter, counters.reloads_refused));
  families.push_back(HandshakeFamily(counters));
}

}  // namespace

std::vector<prometheus::MetricFamily> HttpFamilies(const http::Counters& counters) {
  prometheus::MetricFamily answers{"bellwether_http_answers_total",
                                   "Answers begun, by the class of their status.",
                                   MetricType::Counter,
                                   {}};
  for (size_t digit = 1; digit < counters.answers.size(); ++digit) {
    prometheus::ClientMetric sample = Sample(MetricType::Counter, counters.answers[digit]);
    sample.label = {{"class", std::to_string(digit) + "xx"}};
    answers.metric.push_back(std::move(sample));
  }
  std::vector<prometheus::MetricFamily> families{
      std::move(answers),
      Family("bellwether_http_connections", "Connections that are open.", MetricType::Gauge,
             counters.connections_open),
      Family("bellwether_http_connections_accepted_total", "Connections accepted.",
             MetricType::Counter, counters.connections_accepted),
      Family("bellwether_http_connections_refused_total",
             "Connections refused because too many were open.", MetricType::Counter,
             counters.connections_refused),
      Family("bellwether_http_connections_timed_out_total",
             "Connections cut because they sent or read too slowly, or were idle for too long.",
             MetricType::Counter, counters.connections_timed_out),
      Family("bellwether_http_watchers",
             "Calls that wait for a change and event streams that are open.", MetricType::Gauge,
             counters.watchers_open),
      Family("bellwether_http_watchers_refused_total",
             "Waiting calls and event streams refused because too many were open.",
             MetricType::Counter, counters.watchers_refused),
      Family("bellwether_http_watchers_cut_total",
             "Event streams cut because they were read too slowly.", MetricType::Counter,
             counters.watchers_cut),
      Family("bellwether_http_events_sent_total",
             "Events given to event streams, counted for each stream.", MetricType::Counter,
             counters.events_sent),
      Family("bellwether_http_accept_failures_total",
             "Failures to accept a connection, such as for want of file descriptors.",
             MetricType::Counter, counters.accept_failures),
  };
  if (counters.tls) AddTlsFamilies(*counters.tls, families);
  return families;
}

}  // namespace bellwether::app
