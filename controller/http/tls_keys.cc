#include "http/tls_keys.h"

#include <chrono>
#include <utility>

#include "base/log.h"

namespace bellwether::http {
namespace {

void WarnIfExpired(const tls::PemFiles& files, const TlsContext& context) {
  if (context.expires > std::chrono::system_clock::now()) return;
  log::Warning("the TLS certificate has expired, clients will refuse it; replace the file",
               {{"certificate", files.cert}, {"expired", Rfc3339(context.expires)}});
}

}  // namespace

TlsKeys::TlsKeys(tls::PemFiles files, tls::Pems pems, TlsContext context)
    : files_(std::move(files)), pems_(std::move(pems)), context_(std::move(context)) {
  counters_.certificate_expires = context_.expires;
  WarnIfExpired(files_, context_);
}

Result<std::unique_ptr<TlsKeys>> TlsKeys::Load(const tls::PemFiles& files) {
  auto pems = tls::ReadPems(files);
  if (!pems) return pems.error();
  auto context = MakeTlsContext(*pems, files);
  if (!context) return context.error();
  return std::unique_ptr<TlsKeys>(new TlsKeys(files, *std::move(pems), *std::move(context)));
}

void TlsKeys::Refresh() {
  const std::lock_guard refresh(refresh_mutex_);
  auto pems = tls::ReadPems(files_);
  if (!pems) return Refuse(pems.error());
  if (*pems == pems_) {
    refused_.clear();
    const std::lock_guard lock(mutex_);
    counters_.last_reload_successful = true;
    return;
  }
  auto context = MakeTlsContext(*pems, files_);
  if (!context) return Refuse(context.error());
  refused_.clear();
  pems_ = *std::move(pems);
  log::Info("TLS files read again, new connections use them",
            {{"certificate", files_.cert}, {"expires", Rfc3339(context->expires)}});
  WarnIfExpired(files_, *context);
  const std::lock_guard lock(mutex_);
  context_ = *std::move(context);
  counters_.certificate_expires = context_.expires;
  counters_.last_reload_successful = true;
  ++counters_.reloads;
}

// Once for each new mistake, not each time that it is looked at.
void TlsKeys::Refuse(const Error& error) {
  if (std::exchange(refused_, error.message) == error.message) return;
  log::Warning(
      "TLS files changed but cannot be used; the old ones stay in use until certificate and key "
      "are whole and belong together",
      {{"error", error.message}});
  const std::lock_guard lock(mutex_);
  counters_.last_reload_successful = false;
  ++counters_.reloads_refused;
}

std::shared_ptr<SSL_CTX> TlsKeys::context() const {
  const std::lock_guard lock(mutex_);
  return context_.context;
}

TlsCounters TlsKeys::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace bellwether::http
