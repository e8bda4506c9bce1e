// The target of a request line, taken apart: strict, because a lenient reader and a lenient proxy
// before it are lenient in different ways.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bellwether::http {

struct Parameter {
  std::string name;
  std::string value;  // "" when it was given without '='
};

struct Target {
  std::vector<std::string> path;  // decoded segments: "/a/b" is {"a", "b"}, "/" is {""}
  std::vector<Parameter> query;   // decoded, in order
  // As they were given, into the text that was parsed: without the first '/', without the '?'.
  std::string_view raw_path;
  std::string_view raw_query;
};

// Origin form ("/a?b=c") and absolute form ("http://host/a?b=c", RFC 9112 section 3.2.2). kInvalid
// for anything else: a byte that must be percent-encoded, a '%' without two hexadecimal digits, an
// encoded control character, a fragment.
Result<Target> ParseTarget(std::string_view target);

// One segment of a path or one part of a query. kInvalid as above.
Result<std::string> PercentDecode(std::string_view text);

}  // namespace bellwether::http
