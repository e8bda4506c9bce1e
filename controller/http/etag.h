// Entity tags of leader answers and If-None-Match (RFC 9110 section 13.1.2).
#pragma once

#include <string>
#include <string_view>

#include "election/view.h"

namespace bellwether::http {

// What an answer says beside the leader. A different one has a different tag: an answer that was
// fresh when it was cached must not be confirmed by a replica that is stale, nor the other way
// round.
struct AnswerState {
  std::string_view content_type;
  bool stale = false;
  bool tokens_invalid = false;
};

// Weak, over token, id, address and value; the same on every replica and in every release that
// keeps this function.
std::string LeaderEtag(const election::CandidateView* leader, const AnswerState& state);

// Whether an If-None-Match header names the tag, by weak comparison.
bool EtagMatches(std::string_view if_none_match, std::string_view etag);

}  // namespace bellwether::http
