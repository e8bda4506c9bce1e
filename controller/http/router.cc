#include "http/router.h"

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

#include "base/log.h"
#include "http/problem.h"
#include "http/text.h"

namespace bellwether::http {
namespace {

// RFC 9110 section 9.3 and PATCH: known everywhere, allowed here or not. Any other is answered 501.
constexpr std::string_view kKnownMethods[] = {"GET",   "HEAD",    "POST",    "PUT",  "DELETE",
                                              "PATCH", "CONNECT", "OPTIONS", "TRACE"};

constexpr std::string_view kAnyMethod = "ANY";
constexpr std::string_view kAnyMethods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"};

bool IsCapture(std::string_view segment) { return segment.starts_with('{'); }
bool IsTail(std::string_view segment) { return segment.ends_with("...}"); }

bool Matches(const std::vector<std::string_view>& pattern, const std::vector<std::string>& path) {
  const bool has_tail = IsTail(pattern.back());
  const auto end = has_tail ? pattern.end() - 1 : pattern.end();
  const auto count = end - pattern.begin();
  if (has_tail && path.size() < pattern.size()) return false;
  return std::equal(pattern.begin(), end, path.begin(),
                    has_tail ? path.begin() + count : path.end(),
                    [](std::string_view want, const std::string& have) {
                      return IsCapture(want) ? !have.empty() : want == have;
                    });
}

bool Takes(const Route& route, std::string_view method) {
  if (route.method == kAnyMethod) {
    return std::ranges::find(kAnyMethods, method) != std::end(kAnyMethods);
  }
  return route.method == (method == "HEAD" ? std::string_view("GET") : method);
}

Response NoContent(std::string allow) {
  return {.status = 204, .headers = {{"Allow", std::move(allow)}}};
}

Response Malformed(const Error& error) {
  return ToResponse({.type = kMalformedRequest,
                     .detail = error.message,
                     .next = "Correct the request target; see RFC 3986 for what must be encoded."});
}

// What is wrong with the query, if anything is.
std::optional<Response> CheckQuery(const Route& route, const std::vector<Parameter>& query) {
  if (route.any_query) return std::nullopt;
  const auto& allowed = route.parameters;
  std::set<std::string_view> seen;
  for (const Parameter& parameter : query) {
    if (std::find(allowed.begin(), allowed.end(), parameter.name) == allowed.end()) {
      return ToResponse(
          {.type = kUnknownParameter,
           .detail = "\"" + parameter.name + "\" is not a query parameter of this call.",
           .next = allowed.empty() ? "Leave it out; this call takes no parameters."
                                   : "Use one of those listed in \"allowed\", or leave it out.",
           .parameter = parameter.name,
           .allowed = allowed});
    }
    if (!seen.insert(parameter.name).second) {
      return ToResponse({.type = kInvalidParameter,
                         .detail = "\"" + parameter.name + "\" is given more than once.",
                         .next = "Give it once.",
                         .parameter = parameter.name});
    }
  }
  return std::nullopt;
}

std::optional<Response> Run(const Handler& handler, const Call& call) {
  try {
    return handler(call);
  } catch (const std::exception& e) {
    log::Error("an HTTP request could not be answered",
               {{"target", call.request.target}, {"error", e.what()}});
    return ToResponse({.type = kInternalError,
                       .detail = "The answer could not be made; the log of this replica says why.",
                       .next = "Try another replica, and report this."});
  }
}

}  // namespace

const std::string* Call::Find(std::string_view parameter) const {
  for (const Parameter& given : query) {
    if (given.name == parameter) return &given.value;
  }
  return nullptr;
}

Router::Router(std::vector<Route> routes) {
  for (Route& route : routes) {
    Entry entry{.route = std::move(route), .pattern = {}};
    std::string_view rest = entry.route.pattern.substr(1);
    const auto segments = std::count(rest.begin(), rest.end(), '/') + 1;
    for (auto i = segments; i > 0; --i) entry.pattern.push_back(TakeUntil(rest, '/'));
    entries_.push_back(std::move(entry));
  }
}

std::string Router::Allowed(const std::vector<const Entry*>& entries) {
  std::string allowed;
  for (const std::string_view method : kKnownMethods) {
    const auto takes = [&](const Entry* entry) { return Takes(entry->route, method); };
    if (std::ranges::any_of(entries, takes)) allowed.append(method).append(", ");
  }
  return allowed + "OPTIONS";
}

std::vector<const Router::Entry*> Router::At(const Target& target) const {
  std::vector<const Entry*> here;
  for (const Entry& entry : entries_) {
    if (Matches(entry.pattern, target.path)) here.push_back(&entry);
  }
  return here;
}

bool Router::AnyAt(const std::string& target, bool Route::*flag) const {
  const auto parsed = ParseTarget(target);
  return parsed && std::ranges::any_of(At(*parsed),
                                       [flag](const Entry* entry) { return entry->route.*flag; });
}

bool Router::IsBeyondTheLimit(const Request& request) const {
  return AnyAt(request.target, &Route::beyond_the_limit);
}

bool Router::IsUnlogged(const Request& request) const {
  return AnyAt(request.target, &Route::unlogged);
}

bool Router::IsBodyElsewhere(const Request& request) const {
  return AnyAt(request.target, &Route::body_elsewhere);
}

std::optional<Response> Router::Handle(const Request& request, MonotonicTime now,
                                       Waiter& waiter) const {
  if (std::find(std::begin(kKnownMethods), std::end(kKnownMethods), request.method) ==
      std::end(kKnownMethods)) {
    return ToResponse({.type = kUnknownMethod,
                       .detail = "The method \"" + request.method + "\" is not known here.",
                       .next = "Use GET."});
  }
  if (request.method == "OPTIONS" && request.target == "*") return NoContent("GET, HEAD, OPTIONS");
  const auto target = ParseTarget(request.target);
  if (!target) return Malformed(target.error());

  const std::vector<const Entry*> here = At(*target);
  if (here.empty()) {
    return ToResponse({.type = kNoSuchCall,
                       .detail = "There is no call \"" + request.target + "\".",
                       .next = "GET / lists the calls."});
  }
  if (request.method == "OPTIONS") return NoContent(Allowed(here));
  const auto entry = std::find_if(here.begin(), here.end(),
                                  [&](const Entry* e) { return Takes(e->route, request.method); });
  if (entry == here.end()) {
    std::string allowed = Allowed(here);
    Response response = ToResponse({.type = kMethodNotAllowed,
                                    .detail = "This call does not take " + request.method + ".",
                                    .next = "Use one of " + allowed + "."});
    response.headers.push_back({"Allow", std::move(allowed)});
    return response;
  }
  if (auto wrong = CheckQuery((*entry)->route, target->query)) return wrong;

  const auto& pattern = (*entry)->pattern;
  const bool has_tail = IsTail(pattern.back());
  std::vector<std::string> captures;
  std::string_view tail = target->raw_path;
  for (size_t i = 0; i < (has_tail ? pattern.size() - 1 : pattern.size()); ++i) {
    if (IsCapture(pattern[i])) captures.push_back(target->path[i]);
    TakeUntil(tail, '/');
  }
  return Run((*entry)->route.handler, {.request = request,
                                       .now = now,
                                       .captures = captures,
                                       .query = target->query,
                                       .raw_tail = has_tail ? tail : std::string_view(),
                                       .raw_query = target->raw_query,
                                       .waiter = waiter});
}

}  // namespace bellwether::http
