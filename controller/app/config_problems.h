// What is wrong with a configuration, all of it, each with its place: people mend a file once, not
// once per mistake.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <vector>

namespace bellwether::app {

// A place in what a configuration is put together from.
struct Mark {
  int source = 0;  // into ConfigSources
  int line = 0;    // both from 1; 0 = the source as a whole
  int column = 0;
  auto operator<=>(const Mark&) const = default;
};

// What people call each source, by Mark::source: the file, then what overrides it, later ones win.
using ConfigSources = std::vector<std::string>;

// "FILE:3:5"; of what has no lines worth counting, the name alone.
std::string PlaceOf(Mark at, const ConfigSources& sources);

struct ConfigProblem {
  Mark at;
  std::string key;      // "etcd.endpoints[1]"; empty = the source as a whole
  std::string message;  // why, and what to do next
};

class ConfigProblems {
 public:
  // More are counted, not shown: a file of another program must not fill the terminal.
  static constexpr size_t kMaxShown = 20;

  void Add(Mark at, std::string key, std::string message);
  bool empty() const { return problems_.empty(); }
  // In the order of the sources and the lines.
  std::vector<ConfigProblem> Ordered() const;
  size_t dropped() const { return dropped_; }  // too many to be kept
  // One line each: "FILE:3:5: etcd.endpoint: unknown key; …".
  std::string Describe(const ConfigSources& sources, size_t most = kMaxShown) const;

 private:
  std::vector<ConfigProblem> problems_;
  size_t dropped_ = 0;
};

// Foreign text in a message: cut, and without what a terminal would take for a command.
std::string Shown(const std::string& text);
// "a, b".
std::string Listed(const std::vector<std::string>& words);

}  // namespace bellwether::app
