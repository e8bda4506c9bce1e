#include "etcd/codec.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>

#include "etcd/rpc.pb.h"

namespace bellwether::etcd {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST(CodecTest, ARevisionOfTheWireIsOneThatEtcdCanMean) {
  EXPECT_EQ(RevisionFrom(7), Revision{7});
  EXPECT_EQ(RevisionFrom(-1), Revision{0});
  EXPECT_EQ(RevisionFrom(kMin), Revision{0});
  EXPECT_EQ(RevisionFrom(kMax).Next(), Revision{kMax});
}

TEST(CodecTest, NumbersThatCannotBeStandInNoAnswer) {
  etcdserverpb::RangeResponse message;
  message.mutable_header()->set_revision(-1);
  message.add_kvs()->set_create_revision(kMin);
  message.mutable_kvs(0)->set_mod_revision(kMax);
  RangeResponse read;
  ASSERT_TRUE(Decode(message.SerializeAsString(), &read));
  EXPECT_EQ(read.header.revision, Revision{0});
  EXPECT_EQ(read.kvs[0].create_revision, Revision{0});
  EXPECT_EQ(read.kvs[0].mod_revision, Revision{kMax - 1});
}

// Whether it is a page of [from, end), and where the next one begins.
std::string Next(std::initializer_list<const char*> keys, std::string_view from,
                 std::string_view end, bool more = true) {
  RangeResponse page{.header = {}, .kvs = {}, .more = more};
  for (const char* key : keys) page.kvs.push_back({.key = key});
  const auto next = NextPage(page, from, end);
  return next ? next->value_or("none") : "refused";
}

TEST(CodecTest, APageLeadsOn) {
  EXPECT_EQ(Next({"a/", "a/1", "a/\xff"}, "a/", "a0"), std::string("a/\xff\0", 4));
  EXPECT_EQ(Next({"a/"}, "a/", "a0", /*more=*/false), "none");
  EXPECT_EQ(Next({}, "a/", "a0"), "none");
  EXPECT_EQ(Next({"\xff"}, "b", std::string_view("\0", 1)), std::string("\xff\0", 2));
}

TEST(CodecTest, WhatWasNotAskedForOrIsNotInOrderIsNoPage) {
  for (const bool more : {false, true}) {
    EXPECT_EQ(Next({"a/1", "a/1"}, "a/", "a0", more), "refused");
    EXPECT_EQ(Next({"a/2", "a/1"}, "a/", "a0", more), "refused");
    EXPECT_EQ(Next({"a/1"}, "a/2", "a0", more), "refused");
    EXPECT_EQ(Next({"a0"}, "a/", "a0", more), "refused");
    EXPECT_EQ(Next({"a"}, "b", std::string_view("\0", 1), more), "refused");
  }
}

}  // namespace
}  // namespace bellwether::etcd
