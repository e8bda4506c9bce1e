// Where to listen, as people write it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bellwether::http {

struct ListenAddress {
  std::string host;   // an address or a name; without the brackets
  uint16_t port = 0;  // 0 = a free one

  // The form that was parsed.
  std::string str() const;
};

// "127.0.0.1:8080", "[::]:8080", "localhost:0". kInvalid for anything else; the message says what
// is missing.
Result<ListenAddress> ParseListenAddress(std::string_view text);

}  // namespace bellwether::http
