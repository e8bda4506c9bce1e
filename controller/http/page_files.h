// The files in page/ as text.
#pragma once

#include <string_view>

namespace bellwether::http {

// With {{version}}, {{style}} and {{script}} where those belong.
extern const std::string_view kPageDocument;
extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;

}  // namespace bellwether::http
