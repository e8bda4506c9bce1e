// Leader election for a C++ program: link bellwether::sdk, make an Elector, wait for leadership,
// act until its deadline.
//
//   auto elector = bellwether::Elector::Start(
//       {.endpoints = "http://127.0.0.1:2379", .election = "batch/report", .id = "worker-1"});
//   if (!elector.ok()) return Fail(elector.error().message);
//   for (;;) {
//     (*elector)->Campaign();
//     auto leadership = (*elector)->WaitUntilElected(std::chrono::hours(1));
//     if (!leadership) continue;
//     while ((*elector)->Current()) WorkABit(leadership->token);  // stop in time: see valid_until
//   }
//
// What it promises: two candidates of an election never both have a Current() at the same moment,
// also across broken networks and paused processes, unless somebody else deletes a leader's key or
// revokes its lease. What the work itself writes should carry the token, and what it writes to
// should refuse smaller tokens than it has seen: a process can be stopped between asking Current()
// and acting.
//
// Thread:  every method from any thread. The elector has a thread of its own; callbacks run on it
//          and must not block.
// Time:    CLOCK_BOOTTIME (BootClock::now()).
// Errors:  trouble with etcd is retried for ever and told to on_trouble.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "election/leadership.h"

namespace bellwether {

using election::Leadership;

struct ElectorOptions {
  std::string endpoints;  // comma-separated: http://, https://, unix://
  // PEM files, read again when they change; empty = the system's roots, no client certificate.
  std::string ca_file = {};
  std::string cert_file = {};
  std::string key_file = {};
  std::string username = {};       // empty = no authentication
  std::string password_file = {};  // its first line; read again before each authentication

  std::string election;  // "<namespace>/<name>" under `root`; or empty, and then:
  // the key prefix of any election, for example of one that Go programs use
  std::string prefix = {};
  std::string root = "/bellwether/elections";

  std::string id;            // who we are; shown to everybody
  std::string address = {};  // URL under which the leader is reached
  std::string value = {};    // the application's own
  Milliseconds ttl{15000};   // after a crash the next one leads this much later; at least 5 s

  std::function<void(const Leadership&)> on_elected = {};
  std::function<void(const std::string& why)> on_lost = {};
  std::function<void(const Error&)> on_trouble = {};
};

class Elector {
 public:
  // Checks the options and starts the thread; does not wait for etcd.
  static Result<std::unique_ptr<Elector>> Start(ElectorOptions options);
  // Leaves the place to its lease, which expires after the TTL; call Resign first to give it up at
  // once. Not from a callback: its thread would wait for itself, so the process is ended then, with
  // a message.
  ~Elector();
  Elector(const Elector&) = delete;
  Elector& operator=(const Elector&) = delete;

  // Joins the queue. After a loss, call it once the led work has ended. No effect while queued or
  // leading.
  void Campaign();
  // The leadership, as soon as there is one; nullopt when there was none within `timeout`. Not from
  // a callback.
  std::optional<Leadership> WaitUntilElected(Milliseconds timeout);
  // True when there is no leadership (any more) within `timeout`. Not from a callback.
  bool WaitUntilLost(Milliseconds timeout);
  // The leadership at this moment; nullopt from its deadline on, without waiting for anything.
  std::optional<Leadership> Current() const;

  // Changes the value that everybody sees. kConflict when not in the queue. Not from a callback.
  Result<Unit> Proclaim(std::string value);
  // Gives the place up at once; the led work must have ended. Not from a callback.
  Result<Unit> Resign(Milliseconds timeout);

 private:
  class Impl;
  explicit Elector(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bellwether
