#include "etcd/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/endpoint_choice.h"

namespace bellwether::etcd {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Error Write(RpcCode code, const std::string& words, bool never_sent = false) {
  return ToError("/etcdserverpb.KV/Put", "http://m:1", {code, words, never_sent}, true);
}

TEST(ErrorsTest, NamesTheCallTheEndpointAndTheServersWords) {
  const Error error = Write(RpcCode::kUnavailable, "etcdserver: leader changed");
  EXPECT_THAT(error.message, HasSubstr("Put on http://m:1: etcdserver: leader changed"));
  EXPECT_THAT(error.message, HasSubstr("may have been applied"));
}

TEST(ErrorsTest, AWriteThatMayHaveHappenedSaysSo) {
  EXPECT_EQ(Write(RpcCode::kDeadlineExceeded, "").effect, Effect::kUnknown);
  EXPECT_EQ(Write(RpcCode::kUnavailable, "reset").effect, Effect::kUnknown);
  EXPECT_EQ(Write(RpcCode::kUnavailable, "refused", true).effect, Effect::kNone);
  EXPECT_EQ(Write(RpcCode::kResourceExhausted, "etcdserver: too many requests").effect,
            Effect::kNone);
  EXPECT_EQ(Write(RpcCode::kPermissionDenied, "etcdserver: permission denied").effect,
            Effect::kNone);
}

TEST(ErrorsTest, NoSpaceMayHideAnAppliedWrite) {
  const Error error =
      Write(RpcCode::kResourceExhausted, "etcdserver: mvcc: database space exceeded");
  EXPECT_EQ(error.code, Code::kNoSpace);
  EXPECT_EQ(error.effect, Effect::kUnknown);
}

TEST(ErrorsTest, ReadsHaveNoEffect) {
  const Error error = ToError("/etcdserverpb.KV/Range", "http://m:1",
                              {RpcCode::kDeadlineExceeded, "", false}, false);
  EXPECT_EQ(error.effect, Effect::kNone);
}

TEST(EndpointChoiceTest, AFailedEndpointIsLeftAndRests) {
  const MonotonicTime now{100s};
  EndpointChoice choice(3, 7);
  const size_t first = choice.current();
  EXPECT_TRUE(choice.OnFailure(first, now));
  const size_t second = choice.current();
  EXPECT_NE(second, first);
  EXPECT_FALSE(choice.OnFailure(first, now)) << "an old failure must not move the choice again";
  EXPECT_TRUE(choice.OnFailure(second, now));
  const size_t third = choice.current();
  EXPECT_NE(third, first);
  EXPECT_NE(third, second);
  EXPECT_LE(choice.ready_at(), now);
  EXPECT_TRUE(choice.OnFailure(third, now));
  EXPECT_GT(choice.ready_at(), now) << "all of them rest";
}

TEST(EndpointChoiceTest, NoEndpointRestsForLongerThanWasSaid) {
  MonotonicTime now{100s};
  EndpointChoice choice(3, 7, Milliseconds(625));
  for (int i = 0; i < 100; ++i) {
    (void)choice.OnFailure(choice.current(), now);
    EXPECT_LE(choice.ready_at(), now + 625ms);
    now = std::max(now, choice.ready_at());
  }
}

}  // namespace
}  // namespace bellwether::etcd
