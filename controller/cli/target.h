// The election that a subcommand is about: NS/NAME under a root, or an explicit prefix.
#pragma once

#include <string>

#include "base/result.h"

namespace bellwether::cli {

struct TargetFlags {
  std::string election;  // NS/NAME, or
  std::string prefix;    // an explicit one
  std::string root;
};

struct Target {
  std::string name;    // NS/NAME, or the prefix
  std::string prefix;  // of its keys, without the trailing '/'
};

// `how`: in what form the subcommand takes NS/NAME, for the error.
Result<Target> TargetOf(const TargetFlags& flags, const std::string& how = "NS/NAME");

}  // namespace bellwether::cli
