// Errors as RFC 9457 problems: application/problem+json with type, title, status, detail, and
// "next": what to do about it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "http/message.h"

namespace bellwether::http {

// The code ends the "type" URI and is stable; programs branch on it.
struct ProblemType {
  int status;
  std::string_view code;
  std::string_view title;
};

inline constexpr ProblemType kMalformedRequest{400, "malformed-request", "Malformed request"};
inline constexpr ProblemType kInvalidName{400, "invalid-name", "Not the name of an election"};
inline constexpr ProblemType kInvalidParameter{400, "invalid-parameter", "Invalid parameter"};
inline constexpr ProblemType kInvalidPath{400, "invalid-path", "Path that may not be redirected"};
inline constexpr ProblemType kUnknownParameter{400, "unknown-parameter", "Unknown parameter"};
inline constexpr ProblemType kUnknownElection{404, "unknown-election", "Unknown election"};
inline constexpr ProblemType kNoSuchCall{404, "no-such-call", "No such call"};
inline constexpr ProblemType kMethodNotAllowed{405, "method-not-allowed", "Method not allowed"};
inline constexpr ProblemType kNotAcceptable{406, "not-acceptable", "Not acceptable"};
inline constexpr ProblemType kBodyTooLarge{413, "body-too-large", "Body too large"};
inline constexpr ProblemType kTargetTooLong{414, "target-too-long", "Request target too long"};
inline constexpr ProblemType kHeaderTooLarge{431, "header-too-large", "Header too large"};
inline constexpr ProblemType kInternalError{500, "internal-error", "Internal error"};
inline constexpr ProblemType kUnknownMethod{501, "unknown-method", "Unknown method"};
inline constexpr ProblemType kNotLoaded{503, "not-loaded", "Elections are not known yet"};
inline constexpr ProblemType kEtcdUnavailable{503, "etcd-unavailable", "etcd could not be asked"};
inline constexpr ProblemType kNoLeader{503, "no-leader", "Nobody leads"};
inline constexpr ProblemType kNoAddress{503, "no-address", "The leader cannot be reached by URL"};
inline constexpr ProblemType kOverloaded{503, "overloaded", "Too much under way"};
inline constexpr ProblemType kBadVersion{505, "bad-version", "HTTP version not supported"};

struct Problem {
  ProblemType type;
  std::string detail;                         // what is wrong, with the values
  std::string next;                           // what to do
  std::string parameter{};                    // the query parameter at fault, if one is
  std::vector<std::string_view> allowed{};    // what would have been right, if that can be listed
  std::optional<Milliseconds> retry_after{};  // sent in whole seconds, rounded up, at least 1
};

Response ToResponse(const Problem& problem);

}  // namespace bellwether::http
