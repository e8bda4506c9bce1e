// The certificate, key and client authority that new connections use, read again when their files
// change. Files that cannot be used, half written or a key without its certificate, leave the old
// ones in use.
//
// Thread: any; Refresh waits for the disk, so none that serves.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "http/counters.h"
#include "http/tls_context.h"
#include "tls/pem_files.h"

namespace bellwether::http {

class TlsKeys {
 public:
  // kInvalid names the file that cannot be used.
  static Result<std::unique_ptr<TlsKeys>> Load(const tls::PemFiles& files);

  void Refresh();
  std::shared_ptr<SSL_CTX> context() const;
  TlsCounters counters() const;

 private:
  TlsKeys(tls::PemFiles files, tls::Pems pems, TlsContext context);
  void Refuse(const Error& error);

  const tls::PemFiles files_;
  std::mutex refresh_mutex_;  // one at a time; guards:
  tls::Pems pems_;
  std::string refused_;  // the last error; empty = what was read last is in use

  mutable std::mutex mutex_;  // guards:
  TlsContext context_;
  TlsCounters counters_;
};

}  // namespace bellwether::http
