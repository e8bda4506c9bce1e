// Questions to a controller, each asked once and waited for.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/controller_answers.h"
#include "cli/source.h"
#include "cli/target.h"
#include "loop/event_loop.h"
#include "rest/message.h"

namespace bellwether::cli {

// Who is asked; kInvalid names a URL that is none.
Result<rest::Peer> PeerOf(const SourceFlags& flags);

// GETs these paths one after the other: `next` gets each answer (of status 200, or the 404 of an
// election that nobody stands in) and gives the path to ask for then, "" at the end. Errors say
// what to look at.
Status AskController(const SourceFlags& flags, std::string path,
                     const std::function<Result<std::string>(const rest::Response&)>& next);

// "/v1/elections/NS/NAME" and what comes behind it.
std::string PathOf(const Target& target, const std::string& rest);

// The answer of that path; an election that the controller does not know has nobody in its queue.
Result<ControllerElection> AskElection(const SourceFlags& flags, const Target& target,
                                       const std::string& rest);

// The last changes of leader, at most `limit` of them where it is given.
Result<HistoryAnswer> AskHistory(const SourceFlags& flags, const Target& target,
                                 std::optional<size_t> limit);

// All elections that the controller serves, however many, up to a million.
Result<ListAnswer> AskList(const SourceFlags& flags);

// The same error with what to look at, where no controller answered.
Error WithControllerAdvice(Error error);

}  // namespace bellwether::cli
