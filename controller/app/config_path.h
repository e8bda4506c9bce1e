// The way to a key of the configuration: "elections.prefixes[0].election" as people write it, and
// ELECTIONS_PREFIXES_0_ELECTION as an environment variable spells it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace bellwether::app {

// Keys of maps and indexes of lists. In their natural order a list comes before its entries, and
// entry 2 before entry 10.
using ConfigPath = std::vector<std::variant<std::string, size_t>>;

// nullopt when it is no path, or an index has more than four digits.
std::optional<ConfigPath> ParseConfigPath(std::string_view text);
std::string KeyOf(const ConfigPath& path);

// What follows BELLWETHER_ in the name of a variable: words of a camelCase key and the steps of the
// path are joined by '_'.
std::string VariableOf(const ConfigPath& path);
// The path that this variable names, if it is one of `key` for any indexes; nullopt otherwise.
std::optional<ConfigPath> PathOfVariable(std::string_view variable, const ConfigPath& key);

}  // namespace bellwether::app
