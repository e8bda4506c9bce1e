// Answers that several calls give.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "election/view.h"
#include "http/message.h"
#include "http/router.h"

namespace bellwether::http {

// 503: before the first list is complete nothing is known, not even that an election is unknown.
Response NotLoaded();

// 406.
Response NotAcceptable(const std::vector<std::string_view>& offers);

// 400 for the value of a query parameter.
Response InvalidParameter(std::string_view parameter, const std::string& value,
                          const std::string& wanted, std::vector<std::string_view> allowed = {});

// "limit", as it was before when it is not given. 400 unless it is a number from 1 to `most`.
std::optional<Response> ReadLimit(const Call& call, size_t most, size_t* limit);

// 400 when one of these is given, which make no sense with `with`; nullopt otherwise.
std::optional<Response> RefuseParameters(const Call& call,
                                         const std::vector<std::string_view>& parameters,
                                         std::string_view with);

// 200 with JSON. `body` has no newline at its end yet.
Response JsonOk(std::string body);

// 200 with plain text.
Response TextOk(std::string body);

// Plain text that nobody may keep, for programs that look at the status alone.
Response ProbeAnswer(int status, std::string body);

// "X-Bellwether-Stale": for clients that take the answer as text, or from a cache.
Header StaleHeader(const election::Freshness& freshness, MonotonicTime now);

}  // namespace bellwether::http
