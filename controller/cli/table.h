// Tables for people: left-aligned columns, as wide as their widest cell.
#pragma once

#include <string>
#include <vector>

#include "cli/color.h"

namespace bellwether::cli {

struct Cell {
  Cell(std::string shown, Style with = Style::kPlain)  // NOLINT: implicit
      : text(std::move(shown)), style(with) {}
  Cell(const char* shown) : text(shown) {}  // NOLINT: implicit
  std::string text;
  Style style = Style::kPlain;
};
using Row = std::vector<Cell>;

class Table {
 public:
  explicit Table(const std::vector<std::string>& header, Paint paint = Paint());
  void Add(Row row);
  std::string Text() const;
  // Drops the rows; their widths stay.
  void Forget() { rows_.clear(); }
  // A line that follows such a text; wider cells than those push the rest of the line aside.
  std::string Line(const Row& row) const;

 private:
  const Paint paint_;
  std::vector<Row> rows_;
  std::vector<size_t> widths_;
};

}  // namespace bellwether::cli
