// A flag that takes one of a few words.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <map>
#include <string>
#include <vector>

namespace bellwether::cli {

// `names` as CLI11 writes them ("-o,--output"). `choices` and `chosen` outlive the command; a word
// that is none of them is refused, with a list of them.
template <typename Choice>
void AddChoiceFlag(CLI::App& command, const std::string& names,
                   const std::map<std::string, Choice>& choices, Choice* chosen,
                   const std::string& help) {
  std::vector<std::string> words;
  words.reserve(choices.size());
  for (const auto& [word, each] : choices) words.push_back(word);
  command
      .add_option_function<std::string>(
          names, [&choices, chosen](const std::string& word) { *chosen = choices.at(word); }, help)
      ->check(CLI::IsMember(words));
}

}  // namespace bellwether::cli
