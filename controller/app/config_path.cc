#include "app/config_path.h"

#include <charconv>

namespace bellwether::app {
namespace {

constexpr size_t kMaxDigits = 4;

// Takes the number that the text begins with.
std::optional<size_t> TakeIndex(std::string_view& text) {
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  if (digits == 0 || digits > kMaxDigits) return std::nullopt;
  size_t index = 0;
  std::from_chars(text.data(), text.data() + digits, index);
  text.remove_prefix(digits);
  return index;
}

bool Take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

std::string UpperSnake(const std::string& camel) {
  std::string upper;
  for (const char c : camel) {
    const bool capital = c >= 'A' && c <= 'Z';
    if (capital) upper += '_';
    upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return upper;
}

}  // namespace

std::optional<ConfigPath> ParseConfigPath(std::string_view text) {
  ConfigPath path;
  do {
    const std::string_view key = text.substr(0, text.find_first_of(".["));
    if (key.empty()) return std::nullopt;
    path.emplace_back(std::string(key));
    text.remove_prefix(key.size());
    while (Take(text, "[")) {
      const auto index = TakeIndex(text);
      if (!index || !Take(text, "]")) return std::nullopt;
      path.emplace_back(*index);
    }
  } while (Take(text, "."));
  return text.empty() ? std::optional(path) : std::nullopt;
}

std::string KeyOf(const ConfigPath& path) {
  std::string text;
  for (const auto& step : path) {
    if (const size_t* index = std::get_if<size_t>(&step)) {
      text += "[" + std::to_string(*index) + "]";
    } else {
      text += (text.empty() ? "" : ".") + std::get<std::string>(step);
    }
  }
  return text;
}

std::string VariableOf(const ConfigPath& path) {
  std::string name;
  for (const auto& step : path) {
    if (!name.empty()) name += '_';
    const size_t* index = std::get_if<size_t>(&step);
    name += index != nullptr ? std::to_string(*index) : UpperSnake(std::get<std::string>(step));
  }
  return name;
}

std::optional<ConfigPath> PathOfVariable(std::string_view variable, const ConfigPath& key) {
  ConfigPath path;
  for (const auto& step : key) {
    if (!path.empty() && !Take(variable, "_")) return std::nullopt;
    if (const std::string* name = std::get_if<std::string>(&step)) {
      if (!Take(variable, UpperSnake(*name))) return std::nullopt;
      path.emplace_back(*name);
      continue;
    }
    const auto index = TakeIndex(variable);
    if (!index) return std::nullopt;
    path.emplace_back(*index);
  }
  return variable.empty() ? std::optional(path) : std::nullopt;
}

}  // namespace bellwether::app
