#include "cli/table.h"

#include <algorithm>
#include <utility>

namespace bellwether::cli {
namespace {

// Characters, not bytes: all but UTF-8's continuation bytes.
size_t WidthOf(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace

Table::Table(const std::vector<std::string>& header, Paint paint)
    : paint_(paint), widths_(header.size()) {
  Row row;
  for (const std::string& name : header) row.emplace_back(name, Style::kStrong);
  Add(std::move(row));
}

void Table::Add(Row row) {
  for (size_t i = 0; i < row.size(); ++i) {
    widths_[i] = std::max(widths_[i], WidthOf(row[i].text));
  }
  rows_.push_back(std::move(row));
}

std::string Table::Text() const {
  std::string text;
  for (const Row& row : rows_) text += Line(row);
  return text;
}

std::string Table::Line(const Row& row) const {
  std::string line;
  size_t gap = 0;  // no spaces at the end of a line
  for (size_t i = 0; i < row.size(); ++i) {
    const size_t width = WidthOf(row[i].text);
    if (width > 0) {
      line.append(gap, ' ').append(paint_(row[i].style, row[i].text));
      gap = 0;
    }
    gap += std::max(widths_[i], width) - width + 2;
  }
  return line + "\n";
}

}  // namespace bellwether::cli
