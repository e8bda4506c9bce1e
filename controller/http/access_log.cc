#include "http/access_log.h"

#include <chrono>
#include <cstdio>
#include <string_view>

#include "base/log.h"

namespace bellwether::http {
namespace {

constexpr size_t kMaxMethod = 32;
constexpr size_t kMaxTarget = 1024;
constexpr size_t kMaxUserAgent = 256;

// Nothing in it can end a line or speak to a terminal.
std::string Printable(std::string_view text, size_t most) {
  std::string printable;
  for (const char c : text.substr(0, most)) {
    if (c >= 0x20 && c < 0x7f) {
      printable += c;
      continue;
    }
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned>(c) & 0xff);
    printable += escaped;
  }
  if (text.size() > most) printable += "...";
  return printable;
}

}  // namespace

void LogAccess(AccessLog wanted, const Access& access, bool cut, MonotonicTime now) {
  const bool error = access.status >= 400 || cut;
  if (wanted == AccessLog::kNone || (wanted == AccessLog::kErrors && !error)) return;
  const auto took = std::chrono::duration_cast<Milliseconds>(now - access.began);
  log::Info("request", {{"method", Printable(access.method, kMaxMethod)},
                        {"path", Printable(access.target, kMaxTarget)},
                        {"status", access.status},
                        {"bytes", access.bytes},
                        {"duration_ms", took.count()},
                        {"cut", cut},
                        {"remote", access.remote},
                        {"user_agent", Printable(access.user_agent, kMaxUserAgent)}});
}

}  // namespace bellwether::http
