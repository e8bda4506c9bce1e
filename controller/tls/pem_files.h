// The PEM files of one side of TLS, read and checked together: rotation is not atomic over three
// files, so that what does not fit together must be noticed before it is used.
#pragma once

#include <string>

#include "base/result.h"

namespace bellwether::tls {

struct PemFiles {
  std::string ca;    // whom to trust; what none means is for the user of it to say
  std::string cert;  // what to show, with key; both or none
  std::string key;
};

struct Pems {
  std::string ca, cert, key;  // the texts; empty where no file is named
  bool operator==(const Pems&) const = default;
};

// Reads the files that are named and checks them. kInvalid names the one that cannot be used, or
// what is missing, and says why.
Result<Pems> ReadPems(const PemFiles& files);

}  // namespace bellwether::tls
