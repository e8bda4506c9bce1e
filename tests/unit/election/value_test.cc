#include "election/value.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace bellwether::election {
namespace {

constexpr LeaseId kLease{0x1bea20a29fa9c35};

TEST(ValueTest, ForeignBytesAreShownAsTheLease) {
  using namespace std::string_literals;
  for (const std::string& value :
       {""s, "\x00\x01"s, "\xff\xfe"s, "two words"s, std::string(64, 'x'), "line\n"s}) {
    const DescribedValue d = DescribeValue(value, kLease);
    EXPECT_EQ(d.id, "lease:1bea20a29fa9c35");
    EXPECT_EQ(d.value, value);
    EXPECT_FALSE(d.ours);
  }
}

TEST(ValueTest, AShortPrintableForeignValueIsTheId) {
  EXPECT_EQ(DescribeValue("host-1:8080", kLease).id, "host-1:8080");
}

TEST(ValueTest, JsonWithoutAUsableIdIsForeign) {
  for (const std::string value :
       {"{}", R"({"id":""})", R"({"id":7})", R"({"id":"a\nb"})", R"({"id":null})",
        R"([{"id":"a"}])", R"({"id":"a")", R"({"id":"a"}x)"}) {
    EXPECT_FALSE(DescribeValue(value, kLease).ours) << value;
  }
  EXPECT_FALSE(DescribeValue(R"({"id":")" + std::string(254, 'a') + "\"}", kLease).ours);
}

TEST(ValueTest, AnAddressThatCouldEndAHeaderLineIsDropped) {
  const DescribedValue d =
      DescribeValue(R"({"id":"a","address":"http://x\r\nSet-Cookie: y"})", kLease);
  EXPECT_TRUE(d.ours);
  EXPECT_EQ(d.address, "");
}

TEST(ValueTest, WhatIsTooLongIsNotParsed) {
  const std::string value = EncodeValue({.id = "a", .value = std::string(kMaxOurValueBytes, 'v')});
  EXPECT_FALSE(DescribeValue(value, kLease).ours);
}

TEST(ValueTest, OurJsonComesBackAsItWas) {
  const CandidateInfo info{.id = "pod-1", .address = "http://10.0.0.1:80", .value = "v\"2\n"};
  const DescribedValue d = DescribeValue(EncodeValue(info), kLease);
  EXPECT_TRUE(d.ours);
  EXPECT_EQ(d.id, info.id);
  EXPECT_EQ(d.address, info.address);
  EXPECT_EQ(d.value, info.value);
}

TEST(ValueTest, BytesThatAreNotUtf8DoNotBreakOurJson) {
  EXPECT_TRUE(DescribeValue(EncodeValue({.id = "a", .value = "\xff\xfe"}), kLease).ours);
}

TEST(ValueTest, DamagedJsonNeverBreaksAnything) {
  const std::string whole = EncodeValue({.id = "pod-1", .address = "http://x", .value = "\u00fc"});
  Random random(7);
  for (int i = 0; i < 20000; ++i) {
    std::string damaged = whole;
    for (uint64_t n = 1 + random.Below(4); n > 0; --n) {
      damaged[random.Below(damaged.size())] = static_cast<char>(random.Below(256));
    }
    EXPECT_FALSE(DescribeValue(damaged, kLease).id.empty());
  }
}

TEST(ValueTest, DeepNestingNeverBreaksAnything) {
  std::string deep = R"({"id":"a","x":)" + std::string(30000, '[') + std::string(30000, ']') + "}";
  EXPECT_TRUE(DescribeValue(deep, kLease).ours);
}

}  // namespace
}  // namespace bellwether::election
