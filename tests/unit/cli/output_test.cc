#include "cli/output.h"

#include <gtest/gtest.h>

namespace bellwether::cli {
namespace {

TEST(OutputTest, ForeignBytesCannotSteerATerminal) {
  EXPECT_EQ(Printable("a\x1b[2Jb\x7f"), "a?[2Jb?");
  EXPECT_EQ(Printable("a\xc2\x9b"
                      "2Jb"),
            "a?2Jb");
  EXPECT_EQ(Printable("größe"), "größe");
}

TEST(OutputTest, JsonReplacesWhatIsNotUtf8) {
  EXPECT_EQ(Render({{"id", "a\xff"}}, Format::kJson), "{\n  \"id\": \"a\xef\xbf\xbd\"\n}\n");
}

TEST(OutputTest, YamlKeepsTypesApart) {
  const Document document = {
      {"id", "42"}, {"token", 42}, {"own", true}, {"leader", nullptr}, {"queue", {"no", "\xff"}}};
  EXPECT_EQ(Render(document, Format::kYaml),
            "id: \"42\"\ntoken: 42\nown: true\nleader: ~\nqueue:\n  - \"no\"\n  - "
            "\"\xef\xbf\xbd\"\n");
}

TEST(OutputTest, OneOfManyIsALineOfJsonOrADocumentOfYaml) {
  const Document document = {{"id", "a"}, {"token", 7}};
  EXPECT_EQ(RenderOneOfMany(document, Format::kJson), "{\"id\":\"a\",\"token\":7}\n");
  EXPECT_EQ(RenderOneOfMany(document, Format::kYaml), "---\nid: \"a\"\ntoken: 7\n");
}

}  // namespace
}  // namespace bellwether::cli
