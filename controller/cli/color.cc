#include "cli/color.h"

#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string_view>

#include "cli/choice_flag.h"

namespace bellwether::cli {
namespace {

const std::map<std::string, ColorChoice> kChoices = {
    {"auto", ColorChoice::kAuto}, {"always", ColorChoice::kAlways}, {"never", ColorChoice::kNever}};

const char* CodeOf(Style style) {
  switch (style) {
    case Style::kStrong:
      return "1";
    case Style::kGood:
      return "32";
    case Style::kOdd:
      return "33";
    case Style::kBad:
      return "31";
    case Style::kPlain:
      break;
  }
  return nullptr;
}

}  // namespace

std::string Paint::operator()(Style style, const std::string& text) const {
  const char* const code = CodeOf(style);
  if (!on_ || code == nullptr || text.empty()) return text;
  return "\x1b[" + std::string(code) + "m" + text + "\x1b[0m";
}

bool UsesColor(ColorChoice choice, bool terminal, const char* no_color, const char* term) {
  if (choice != ColorChoice::kAuto) return choice == ColorChoice::kAlways;
  if (no_color != nullptr && *no_color != '\0') return false;
  return terminal && term != nullptr && *term != '\0' && term != std::string_view("dumb");
}

Paint PaintFor(ColorChoice choice) {
  return Paint(
      UsesColor(choice, isatty(STDOUT_FILENO) != 0, std::getenv("NO_COLOR"), std::getenv("TERM")));
}

void AddColorFlag(CLI::App& command, ColorChoice* choice) {
  AddChoiceFlag(command, "--color", kChoices, choice,
                "colours: on a terminal unless NO_COLOR is set (auto, the default), or as it says");
}

}  // namespace bellwether::cli
