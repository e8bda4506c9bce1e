#include "base/result.h"

namespace bellwether {

const char* CodeName(Code code) {
  switch (code) {
    case Code::kInvalid:
      return "invalid";
    case Code::kNotFound:
      return "not found";
    case Code::kConflict:
      return "conflict";
    case Code::kPermission:
      return "permission denied";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kDeadline:
      return "deadline exceeded";
    case Code::kNoSpace:
      return "no space";
    case Code::kCompacted:
      return "compacted";
    case Code::kTooLarge:
      return "too large";
    case Code::kCancelled:
      return "cancelled";
    case Code::kInternal:
      return "internal";
  }
  return "unknown";
}

}  // namespace bellwether
