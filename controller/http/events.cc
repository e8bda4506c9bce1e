#include "http/events.h"

#include <nlohmann/json.hpp>

#include "http/answers.h"

namespace bellwether::http {
namespace {

EventPtr Make(std::string_view type, std::string election, Revision revision,
              election::ElectionPtr view, const Json& data) {
  std::string text = "event: ";
  text.append(type).append("\ndata: ").append(Dump(data)).append("\n\n");
  return std::make_shared<const Event>(
      Event{std::move(election), revision, std::move(view), std::move(text)});
}

}  // namespace

EventPtr StateEvent(const std::string& election, const election::ElectionPtr& view,
                    const election::Freshness& freshness, MonotonicTime now) {
  if (view) {
    return Make("leader", election, view->last_change, view, LeaderAnswer(*view, freshness, now));
  }
  const Revision revision = IndexOf(nullptr, freshness);
  Json data{{"election", election}, {"revision", revision.value}};
  AddFreshness(data, freshness, now);
  return Make("unknown", election, revision, nullptr, data);
}

EventPtr FreshnessEvent(const election::Freshness& freshness, MonotonicTime now) {
  Json data;
  AddFreshness(data, freshness, now);
  return Make("freshness", "", Revision{}, nullptr, data);
}

Revision IndexOf(const election::ElectionView* view, const election::Freshness& freshness) {
  return view != nullptr ? view->last_change : freshness.absent_since;
}

bool IsBehind(Revision client, Revision index, const election::Freshness& freshness) {
  return client > index && client > freshness.revision;
}

}  // namespace bellwether::http
