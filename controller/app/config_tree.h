// YAML as a tree in which every value knows its place. Knows nothing of what the keys mean.
//
// What it refuses, each with a message: more than 256 KiB, 10,000 values or 32 levels; text that is
// not UTF-8; tabs as indentation; aliases (so that no small file can grow into a large one) and
// tags; keys that are not plain text or stand twice; a second document.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/config_problems.h"

namespace bellwether::app {

inline constexpr size_t kMaxConfigBytes = 256 * 1024;

struct ConfigNode {
  // Of scalars as YAML 1.2's core schema has it: `yes` and `on` are strings.
  enum class Kind { kNull, kBool, kInteger, kNumber, kString, kList, kMap };

  Kind kind = Kind::kNull;
  Mark at;
  std::string text;  // of a scalar, as written, without quotes
  std::string key;   // of a child of a map
  Mark key_at;
  std::vector<ConfigNode> children;

  const ConfigNode* Find(std::string_view name) const;
};

// Null unless the text is one YAML document with something in it; what it refuses is added to the
// problems, an empty document is not.
ConfigNode ParseConfigTree(std::string_view text, int source, ConfigProblems& problems);

// A text that is taken as it stands, without YAML's quotes: a number or a boolean where it looks
// like one.
ConfigNode PlainConfigNode(std::string_view text, Mark at, ConfigProblems& problems);

}  // namespace bellwether::app
