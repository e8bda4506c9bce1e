#include "http/stream_call.h"

#include <string>
#include <utility>
#include <variant>

#include "http/common_answers.h"
#include "http/negotiation.h"
#include "http/watch_parameters.h"

namespace bellwether::http {
namespace {

std::optional<Response> Stream(const Call& call, const election::ViewStore& views,
                               election::ElectionName election) {
  if (!views.freshness().loaded) return NotLoaded();
  auto read = ReadResume(call);
  if (auto* wrong = std::get_if<Response>(&read)) return std::move(*wrong);
  Response head{.status = 200,
                .content_type = std::string(kEventStream),
                .body = {},
                .headers = {{"Cache-Control", "no-store"},
                            {"Vary", "Accept"},
                            // Proxies that hold an answer back until it is whole would hold all.
                            {"X-Accel-Buffering", "no"}},
                .endless = true};
  if (call.request.method == "HEAD") return head;
  Subject subject = std::get<Subject>(std::move(read));
  subject.election = std::move(election);
  call.waiter.StreamEvents(std::move(subject), std::move(head));
  return std::nullopt;
}

}  // namespace

std::optional<Response> StreamOf(const Call& call, const election::ViewStore& views,
                                 const election::ElectionName& name) {
  if (auto wrong = RefuseParameters(call, {"wait", "consistency"}, "a stream of events")) {
    return wrong;
  }
  return Stream(call, views, name);
}

std::optional<Response> StreamOfMany(const Call& call, const election::ViewStore& views) {
  if (!ChooseType(call.request.accept, {kEventStream})) return NotAcceptable({kEventStream});
  const std::string* ns = call.Find("namespace");
  if (ns != nullptr && !election::IsDnsLabel(*ns)) {
    return InvalidParameter("namespace", *ns, "a DNS label: 1 to 63 of a-z, 0-9 and '-'");
  }
  return Stream(call, views, {ns != nullptr ? *ns : std::string(), ""});
}

}  // namespace bellwether::http
