// Completion scripts for shells, made from the application's own subcommands and flags: what --help
// prints is what they know.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace bellwether::cli {

struct CompletedFlag {
  std::vector<std::string> names;  // "-o", "--output"
  bool takes_value = false;
  bool takes_file = false;
  std::vector<std::string> choices;  // of its value; empty = anything
  std::string help;
};

// One subcommand by its words: "" for the program itself, "config validate".
struct CompletedCommand {
  std::string words;
  std::string help;
  std::vector<CompletedFlag> flags;
  std::vector<std::string> subcommands;  // the next word
  std::vector<std::string> choices;      // of its argument
  bool takes_file = false;               // as its argument
};

// The application and everything below it, each before what is below it.
std::vector<CompletedCommand> CommandsOf(const CLI::App& app);

std::string BashCompletion(const std::vector<CompletedCommand>& commands);
std::string ZshCompletion(const std::vector<CompletedCommand>& commands);
std::string FishCompletion(const std::vector<CompletedCommand>& commands);

}  // namespace bellwether::cli
