#include "http/etag.h"

#include <cstdint>
#include <cstdio>

#include "base/fingerprint.h"
#include "http/text.h"

namespace bellwether::http {
namespace {

std::string_view WithoutWeakMark(std::string_view etag) {
  return etag.starts_with("W/") ? etag.substr(2) : etag;
}

}  // namespace

std::string LeaderEtag(const election::CandidateView* leader, const AnswerState& state) {
  Fingerprint hash;
  hash.Add(state.content_type);
  hash.Add(state.stale);
  hash.Add(state.tokens_invalid);
  if (leader != nullptr) {
    hash.Add(leader->id);
    hash.Add(leader->address);
    hash.Add(leader->value);
  }
  char text[48];
  std::snprintf(text, sizeof text, "W/\"%lld-%016llx\"",
                static_cast<long long>(leader != nullptr ? leader->create_revision.value : 0),
                static_cast<unsigned long long>(hash.value()));
  return text;
}

bool EtagMatches(std::string_view if_none_match, std::string_view etag) {
  // None of our tags holds a comma, so one that is split here by mistake matches nothing.
  for (std::string_view rest = if_none_match; !rest.empty();) {
    const std::string_view named = Trim(TakeUntil(rest, ','));
    if (named == "*" || WithoutWeakMark(named) == WithoutWeakMark(etag)) return true;
  }
  return false;
}

}  // namespace bellwether::http
