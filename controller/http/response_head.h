// The bytes of an answer before its body.
#pragma once

#include <string>

#include "base/time.h"
#include "http/message.h"

namespace bellwether::http {

// Status line and fields with the empty line after them. Content-Length is that of the whole body,
// for HEAD too; 204 and 304 carry none. Control characters in values are left out here, whatever a
// handler put into them: none can end a line.
std::string FormatHead(const Response& response, bool keep_alive, WallTime now);

}  // namespace bellwether::http
