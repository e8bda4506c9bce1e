// What a server's refusal means for whoever asked.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "rest/message.h"

namespace bellwether::rest {

// The error of an answer that is none: who was asked, the status, and the server's own words, by
// problem details (RFC 9457, with our "next": what to do) or the first line of a plain text. A
// write that failed inside the server may have happened.
Error RefusalOf(const Response& response);

// Whether the problem details are of this type: "urn:bellwether:problem:" + code.
bool IsProblem(const Response& response, std::string_view code);

}  // namespace bellwether::rest
