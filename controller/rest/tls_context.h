// The TLS of connections that cpprestsdk makes.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include "base/result.h"
#include "rest/message.h"

namespace bellwether::rest {

// Whether the files can be used; kInvalid names the one that cannot. Also for libcurl, whose own
// words come late and name none.
Status CheckTlsFiles(const TlsFiles& files);

// TLS 1.2 at least; a given authority alone is trusted. Throws boost::system::system_error.
void SetUpTls(const TlsFiles& files, boost::asio::ssl::context& context);

}  // namespace bellwether::rest
