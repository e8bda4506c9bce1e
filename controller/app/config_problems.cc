#include "app/config_problems.h"

#include <algorithm>
#include <utility>

namespace bellwether::app {
namespace {

// Kept to be put in order; a hostile file of 256 KiB has fewer mistakes worth telling.
constexpr size_t kMaxKept = 1000;
constexpr size_t kMaxShownBytes = 100;

}  // namespace

std::string PlaceOf(Mark at, const ConfigSources& sources) {
  std::string place = Shown(sources.at(static_cast<size_t>(at.source)));
  if (at.source > 0 || at.line == 0) return place;
  return place + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

void ConfigProblems::Add(Mark at, std::string key, std::string message) {
  if (problems_.size() >= kMaxKept) {
    ++dropped_;
    return;
  }
  problems_.push_back({at, std::move(key), std::move(message)});
}

std::vector<ConfigProblem> ConfigProblems::Ordered() const {
  std::vector<ConfigProblem> ordered = problems_;
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const ConfigProblem& a, const ConfigProblem& b) { return a.at < b.at; });
  return ordered;
}

std::string ConfigProblems::Describe(const ConfigSources& sources, size_t most) const {
  const std::vector<ConfigProblem> ordered = Ordered();
  std::string text;
  for (size_t i = 0; i < ordered.size() && i < most; ++i) {
    const ConfigProblem& problem = ordered[i];
    text += (i > 0 ? "\n" : "") + PlaceOf(problem.at, sources) + ": " +
            (problem.key.empty() ? "" : problem.key + ": ") + problem.message;
  }
  const size_t all = ordered.size() + dropped_;
  const size_t shown = std::min(ordered.size(), most);
  if (all > shown) {
    text += "\n" + sources.front() + ": and " + std::to_string(all - shown) + " more";
  }
  return text;
}

std::string Shown(const std::string& text) {
  size_t end = std::min(text.size(), kMaxShownBytes);
  // Never in the middle of a character.
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  std::string shown = text.substr(0, end);
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return end < text.size() ? shown + "…" : shown;
}

std::string Listed(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  return list;
}

}  // namespace bellwether::app
