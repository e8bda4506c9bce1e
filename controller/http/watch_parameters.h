// What a client knows already and for how long it waits: ?wait=, ?index= and Last-Event-ID.
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "base/time.h"
#include "http/message.h"
#include "http/router.h"
#include "http/watcher.h"

namespace bellwether::http {

// A longer ?wait= counts as this.
inline constexpr Milliseconds kMaxWait{300000};

struct Blocking {
  Revision after;     // 0 = answer at once
  Milliseconds wait;  // at most kMaxWait
};

// Of a call that may block; nullopt when it does not ask to. An ?index= alone waits kMaxWait. The
// response is a 400.
std::variant<std::optional<Blocking>, Response> ReadBlocking(const Call& call);

// Of an event stream: Last-Event-ID, else ?index=. A Last-Event-ID that is not one of ours counts
// as none: a client sends what it was given last, and cannot help it.
std::variant<Subject, Response> ReadResume(const Call& call);

// "123", "123-CLUSTER" or either with "-pFINGERPRINT" (Subject::source) after it.
std::optional<Subject> ParseEventId(std::string_view text);

}  // namespace bellwether::http
