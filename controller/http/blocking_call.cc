#include "http/blocking_call.h"

#include <string>
#include <utility>
#include <variant>

#include "http/events.h"
#include "http/watch_parameters.h"

namespace bellwether::http {

std::optional<Response> AnswerOrWait(const Call& call, const election::ViewStore& views,
                                     const election::ElectionName& name, AnswerNow answer) {
  auto read = ReadBlocking(call);
  if (auto* wrong = std::get_if<Response>(&read)) return std::move(*wrong);
  const auto& blocking = std::get<std::optional<Blocking>>(read);
  const election::Freshness freshness = views.freshness();
  if (!blocking || !blocking->after || !freshness.loaded) return answer(freshness, call.now);
  const election::ElectionPtr view = views.Find(name.ns, name.name);
  if (IndexOf(view.get(), freshness) > blocking->after) return answer(freshness, call.now);
  call.waiter.AnswerOnChange(
      {.subject = {.election = name, .after = blocking->after, .source = SourceOf(view.get())},
       .wait = blocking->wait,
       .answer = [&views, name, after = blocking->after, answer = std::move(answer)](
                     bool behind, MonotonicTime now) {
         election::Freshness known = views.freshness();
         // A wait that ends before this replica was given up on, by its own time or by a stop, may
         // find it behind as well.
         const election::ElectionPtr found = views.Find(name.ns, name.name);
         behind |= IsBehind(after, IndexOf(found.get(), known), known);
         if (behind) known.watching = false;
         return answer(known, now);
       }});
  return std::nullopt;
}

Header IndexHeader(const election::ElectionView* view, const election::Freshness& freshness) {
  return {"X-Bellwether-Index", std::to_string(IndexOf(view, freshness).value)};
}

}  // namespace bellwether::http
