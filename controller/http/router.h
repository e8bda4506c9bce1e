// From a request to the handler of its call: path, method and query parameters are checked here
// once, so that a handler only reads what it named. Pure: knows no socket and no clock.
//
// Thread: immutable after construction, any number of threads.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "http/message.h"
#include "http/target.h"
#include "http/watcher.h"

namespace bellwether::http {

// Takes the one answer to one request; any thread, also after the connection or the server is gone
// (then it does nothing). A second call does nothing.
using Answer = std::function<void(Response)>;

// An answer that waits for a change.
struct ChangeWait {
  Subject subject;    // one election
  Milliseconds wait;  // then it is given whether or not there was a change
  // Any thread of the server's.
  std::function<Response(bool behind, MonotonicTime now)> answer;
};

// The side that waits for an answer. Each of these is called inside the handler, at most once, and
// the handler returns nullopt then.
class Waiter {
 public:
  virtual ~Waiter() = default;
  // For a handler that answers later. Who never answers is answered for after a while.
  virtual Answer AnswerLater() = 0;
  virtual void AnswerOnChange(ChangeWait wait) = 0;
  // The head of an answer whose body is a stream of events without end.
  virtual void StreamEvents(Subject subject, Response head) = 0;
};

// One request as a handler sees it; lives as long as the handler's call.
struct Call {
  const Request& request;
  MonotonicTime now;
  const std::vector<std::string>& captures;  // what stood at the {…} of the pattern, decoded
  const std::vector<Parameter>& query;       // known names only, each at most once
  std::string_view raw_tail;                 // what stood at a last {…...}, as it was sent
  std::string_view raw_query;                // all behind the '?', as it was sent
  Waiter& waiter;

  // The value of a query parameter, or null.
  const std::string* Find(std::string_view parameter) const;
};

using Handler = std::function<std::optional<Response>(const Call&)>;

struct Route {
  // A GET route answers HEAD too, OPTIONS is answered for all. "ANY": all that carry a request to
  // a resource, which CONNECT and TRACE do not.
  std::string_view method;
  // "/v1/elections/{ns}/{name}"; a last segment "{path...}" stands for any number of them, none
  // included.
  std::string_view pattern;
  std::vector<std::string_view> parameters;  // of the query
  std::string_view what;                     // one line for people
  Handler handler;
  bool any_query = false;         // the query is not ours: `parameters` counts for nothing
  bool beyond_the_limit = false;  // answered even when too many connections are open
  bool unlogged = false;          // machines ask every few seconds: no line in the access log
  bool body_elsewhere = false;    // a body is for somebody else: answered without reading it
};

class Router {
 public:
  explicit Router(std::vector<Route> routes);

  // The answer, or nullopt when it comes through waiter.AnswerLater(). A handler that throws is
  // answered for with 500.
  std::optional<Response> Handle(const Request& request, MonotonicTime now, Waiter& waiter) const;

  // Whether the request is for a route that is answered beyond the limit of connections.
  bool IsBeyondTheLimit(const Request& request) const;
  bool IsUnlogged(const Request& request) const;
  // Whether it can be answered before its body is read.
  bool IsBodyElsewhere(const Request& request) const;

 private:
  struct Entry {
    Route route;
    std::vector<std::string_view> pattern;  // the segments
  };
  static std::string Allowed(const std::vector<const Entry*>& entries);
  std::vector<const Entry*> At(const Target& target) const;
  bool AnyAt(const std::string& target, bool Route::*flag) const;

  std::vector<Entry> entries_;
};

}  // namespace bellwether::http
