#include "base/nearest.h"

#include <algorithm>

namespace bellwether {
namespace {

// Longer words are not compared: no name of ours comes near.
constexpr size_t kMaxWord = 64;

std::string Bare(std::string_view word) {
  std::string bare;
  for (const char c : word) {
    if (c == '_' || c == '-') continue;
    bare += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return bare;
}

// Letters changed, missing, extra, or swapped with their neighbour.
size_t Distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> rows(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) rows[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      rows[i][j] = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1, changed});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[a.size()][b.size()];
}

}  // namespace

std::optional<std::string> NearestName(std::string_view word,
                                       const std::vector<std::string>& known) {
  if (word.size() > kMaxWord) return std::nullopt;
  const std::string bare = Bare(word);
  std::optional<std::string> nearest;
  size_t least = 0;
  for (const std::string& name : known) {
    const std::string candidate = Bare(name);
    const size_t distance = Distance(bare, candidate);
    if (distance > std::max<size_t>(1, candidate.size() / 3)) continue;
    if (nearest && distance >= least) continue;
    nearest = name;
    least = distance;
  }
  return nearest;
}

}  // namespace bellwether
