#include "base/utf8.h"

#include <gtest/gtest.h>

namespace bellwether {
namespace {

TEST(Utf8Test, FindsWhereUtf8Ends) {
  for (const char* good :
       {"", "abc", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x90\x91", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(Utf8Prefix(good), std::string_view(good).size()) << good;
  }
  // Lone and overlong, a surrogate, beyond U+10FFFF, cut short.
  for (const char* bad : {"a\x80", "a\xc0\x80", "a\xe0\x80\x80", "a\xed\xa0\x80",
                          "a\xf4\x90\x80\x80", "a\xf5\x80\x80\x80", "a\xe2\x82", "a\xff"}) {
    EXPECT_EQ(Utf8Prefix(bad), 1u);
  }
}

}  // namespace
}  // namespace bellwether
