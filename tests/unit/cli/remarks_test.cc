#include "cli/remarks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::cli {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

election::CandidateView Place(const std::string& name, int64_t lease, const std::string& id) {
  return {.id = id, .value = id, .key = "/e/" + name, .lease = {lease}, .ours = true};
}

std::vector<std::string> CodesOf(const election::CandidateView& place,
                                 const std::map<LeaseId, LeaseState>& leases = {}) {
  election::ElectionView view;
  view.prefix = "/e";
  view.queue = {place};
  const auto all = RemarksOn(view, leases);
  std::vector<std::string> codes;
  for (const Remark& remark : all.front()) codes.push_back(remark.code);
  return codes;
}

TEST(RemarksTest, APlaceLikeEveryOtherHasNone) {
  EXPECT_THAT(CodesOf(Place("ff", 0xff, "a"), {{LeaseId{0xff}, {10s, 15s}}}), IsEmpty());
  // A second place of one lease has a suffix.
  EXPECT_THAT(CodesOf(Place("ff-2", 0xff, "a")), IsEmpty());
}

TEST(RemarksTest, NamesOrphans) {
  EXPECT_THAT(CodesOf(Place("ff", 0, "a")), ElementsAre("orphan-no-lease"));
  EXPECT_THAT(CodesOf(Place("ff", 0xff, "a"), {{LeaseId{0xff}, {7s, 15s}}}),
              ElementsAre("orphan-not-renewed"));
  EXPECT_THAT(CodesOf(Place("ff", 0xff, "a"), {{LeaseId{0xff}, {-1s, 0s}}}),
              ElementsAre("lease-gone"));
}

TEST(RemarksTest, TellsForHowLongNobodyHasRenewedALease) {
  election::ElectionView view;
  view.prefix = "/e";
  view.queue = {Place("ff", 0xff, "a")};
  EXPECT_THAT(RemarksOn(view, {{LeaseId{0xff}, {4s, 15s}}})[0][0].text,
              AllOf(HasSubstr("for 11s"), HasSubstr("ends in 4s")));
}

TEST(RemarksTest, NamesKeysThatAreNotWhatTheySeem) {
  EXPECT_THAT(CodesOf(Place("fe", 0xff, "a")), ElementsAre("name-not-lease"));
  EXPECT_THAT(CodesOf(Place("below/ff", 0xff, "a")), ElementsAre("nested"));
  election::CandidateView lock = Place("ff", 0xff, "");
  lock.ours = false;
  EXPECT_THAT(CodesOf(lock), ElementsAre("no-value"));
}

TEST(RemarksTest, NamesPlacesThatShareALeaseOrAnId) {
  election::ElectionView view;
  view.prefix = "/e";
  view.queue = {Place("ff", 0xff, "a"), Place("ff-2", 0xff, "b"), Place("aa", 0xaa, "a")};
  const auto all = RemarksOn(view, {});
  EXPECT_THAT(all[0], IsEmpty());
  EXPECT_EQ(all[1][0].code, "same-lease");
  EXPECT_THAT(all[1][0].text, HasSubstr("place 1"));
  EXPECT_EQ(all[2][0].code, "same-id");
}

}  // namespace
}  // namespace bellwether::cli
