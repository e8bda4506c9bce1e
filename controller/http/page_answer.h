// The page for people on GET /: one document that holds its style and its script, so that it asks
// for nothing but the calls of this server. Made from the files in page/ when it is built.
#pragma once

#include "http/message.h"

namespace bellwether::http {

// 200 with the page, or 304 when the client has it. The headers let a browser load, run and ask for
// nothing else, whatever ids and values candidates choose. Any thread.
Response PageAnswer(const Request& request);

}  // namespace bellwether::http
