#include "cli/table.h"

#include <gtest/gtest.h>

namespace bellwether::cli {
namespace {

TEST(TableTest, ColumnsAreAsWideAsTheirWidestCellInCharacters) {
  Table table({"ID", "TOKEN"});
  table.Add({"größe", "7"});
  table.Add({"a", ""});
  EXPECT_EQ(table.Text(), "ID     TOKEN\ngröße  7\na\n");
}

TEST(TableTest, LinesThatFollowKeepTheColumns) {
  Table table({"ID", "TOKEN", "X"});
  table.Add({"longer", "7", "y"});
  table.Forget();
  EXPECT_EQ(table.Line({"a", "", "z"}), "a              z\n");
  EXPECT_EQ(table.Line({"much longer", "8", "z"}), "much longer  8      z\n");
}

TEST(TableTest, ColoursTakeNoWidth) {
  Table table({"ID", "T"}, Paint(true));
  table.Add({Cell("a", Style::kOdd), "7"});
  EXPECT_EQ(table.Text(), "\x1b[1mID\x1b[0m  \x1b[1mT\x1b[0m\n\x1b[33ma\x1b[0m   7\n");
}

}  // namespace
}  // namespace bellwether::cli
