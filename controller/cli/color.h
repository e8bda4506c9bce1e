// Colours of what is printed for people. They never say what the words do not.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace bellwether::cli {

enum class ColorChoice { kAuto, kAlways, kNever };
enum class Style { kPlain, kStrong, kGood, kOdd, kBad };

class Paint {
 public:
  explicit Paint(bool on = false) : on_(on) {}
  std::string operator()(Style style, const std::string& text) const;

 private:
  bool on_;
};

// Whether to colour: an explicit choice wins; else on a terminal that can, unless NO_COLOR is set
// and not empty (no-color.org). `no_color`, `term`: the variables, null = not set.
bool UsesColor(ColorChoice choice, bool terminal, const char* no_color, const char* term);

// Of standard output, by this process's environment.
Paint PaintFor(ColorChoice choice);

// --color auto|always|never
void AddColorFlag(CLI::App& command, ColorChoice* choice);

}  // namespace bellwether::cli
