// The controller's HTTP server: who leads, from published views, over HTTP/1.1. It knows elections
// by their views only, and writes nothing to etcd. What it answers is decided without sockets
// (router.h and the calls); what clients may take is bounded (limits.h).
//
// Thread: Start, Stop and the destructor on one thread that is not the server's own; the rest on
// any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/access_log.h"
#include "http/counters.h"
#include "http/limits.h"
#include "http/sources.h"
#include "tls/pem_files.h"

namespace bellwether::http {

struct ServerOptions {
  std::string listen = "0.0.0.0:8080";  // HOST:PORT, IPv6 in brackets, port 0 = a free one
  int threads = 2;                      // that serve; at least 1
  // With a cert HTTPS is spoken and nothing else; with a ca clients must show a certificate that it
  // has signed.
  tls::PemFiles tls{};
  Limits limits;
  AccessLog access_log = AccessLog::kNone;
};

class Server {
 public:
  // Listens and serves when it returns. kInvalid for a malformed address or a TLS file that cannot
  // be used, kUnavailable when the address cannot be listened on; the message says why and what to
  // do.
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, Sources sources);
  ~Server();  // as Stop(0)
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  uint16_t port() const;
  std::string address() const;  // "127.0.0.1:8080", with the real port
  Counters counters() const;

  // Of requests that begin from now on.
  void SetAccessLog(AccessLog wanted);
  // Of new connections, and at once what counts over all of them: how many are open, watchers,
  // large answers and linearizable reads. Nobody who is there already is cut.
  void SetLimits(const Limits& limits);

  // Reads the TLS files again: new connections use what has changed, others go on. To be called
  // every second or so; waits for the disk.
  void RefreshTls();

  // Stops accepting, ends idle connections, lets requests under way be answered for at most
  // `grace`, then closes the rest. Blocks until nothing of it runs any more. A second call does
  // nothing.
  void Stop(Milliseconds grace);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bellwether::http
