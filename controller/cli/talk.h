// What subcommands say to people, on standard error. Nothing waits for whoever reads it: a watch
// goes on telling its data although nobody reads its talk, and the end of the process waits a
// second at most.
#pragma once

#include <string>

namespace bellwether::cli {

// "bellwether COMMAND: TEXT". Control characters of foreign words become '?'.
void Say(const std::string& command, const std::string& text);

// To be called at the end of main.
void FinishTalking();

}  // namespace bellwether::cli
