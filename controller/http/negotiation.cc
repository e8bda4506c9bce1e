#include "http/negotiation.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <tuple>

#include "http/text.h"

namespace bellwether::http {
namespace {

bool SameIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// In thousandths, as the header may carry three decimals; nullopt when it is not a q value.
std::optional<int> Quality(std::string_view text) {
  double value = 0;
  const auto [end, ec] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!(value >= 0 && value <= 1)) return std::nullopt;
  return static_cast<int>(std::lround(value * 1000));
}

struct Range {
  std::string_view type;
  int quality = 1000;
};

std::optional<Range> ParseRange(std::string_view text) {
  Range range{.type = Trim(TakeUntil(text, ';'))};
  if (range.type.find('/') == std::string_view::npos) return std::nullopt;
  while (!text.empty()) {
    std::string_view value = TakeUntil(text, ';');
    if (!SameIgnoringCase(Trim(TakeUntil(value, '=')), "q")) continue;
    const auto quality = Quality(Trim(value));
    if (!quality) return std::nullopt;
    range.quality = *quality;
  }
  return range;
}

// 2 = the very type, 1 = "text/*", 0 = "*/*", -1 = no match.
int Closeness(std::string_view range, std::string_view offer) {
  if (SameIgnoringCase(range, offer)) return 2;
  if (range == "*/*") return 0;
  const std::string_view major = offer.substr(0, offer.find('/') + 1);
  if (range.ends_with("/*") && SameIgnoringCase(range.substr(0, range.size() - 1), major)) return 1;
  return -1;
}

}  // namespace

std::optional<std::string_view> ChooseType(std::string_view accept,
                                           const std::vector<std::string_view>& offers) {
  if (Trim(accept).empty()) return offers.front();
  using Rank = std::tuple<int, int, int>;  // quality, closeness, minus the place in the header
  std::optional<std::string_view> best;
  Rank best_rank{0, 0, 0};
  for (const std::string_view offer : offers) {
    // The closest range decides about an offer, so that "text/plain;q=0, */*" excludes it.
    Rank rank{0, -1, 0};
    int place = 0;
    for (std::string_view rest = accept; !rest.empty(); --place) {
      const auto range = ParseRange(TakeUntil(rest, ','));
      if (!range) continue;
      const int closeness = Closeness(range->type, offer);
      if (closeness > std::get<1>(rank)) rank = {range->quality, closeness, place};
    }
    if (std::get<0>(rank) == 0) continue;
    if (!best || rank > best_rank) {
      best = offer;
      best_rank = rank;
    }
  }
  return best;
}

}  // namespace bellwether::http
