// What all fuzzers need: a rule that must hold, and whether a fault is planted.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace bellwether::fuzz {

// Says which rule is broken and ends the process, which libFuzzer reports with the input.
inline void Require(bool holds, std::string_view rule) {
  if (holds) return;
  std::fprintf(stderr, "broken rule: %.*s\n", static_cast<int>(rule.size()), rule.data());
  std::abort();
}

// BELLWETHER_PLANTED_FAULT=1: what the fuzzer drives or believes is wrong in one place, which each
// fuzzer names, so that it is known to find such a fault.
inline bool FaultIsPlanted() {
  static const bool planted = std::getenv("BELLWETHER_PLANTED_FAULT") != nullptr;
  return planted;
}

// Takes a line off the front.
inline std::string_view TakeLine(std::string_view& rest) {
  const size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

}  // namespace bellwether::fuzz
