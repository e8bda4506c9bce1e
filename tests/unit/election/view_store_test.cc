#include "election/view_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace bellwether::election {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

ElectionPtr View(std::string ns, std::string name, uint64_t transitions = 0) {
  auto view = std::make_shared<ElectionView>();
  view->ns = std::move(ns);
  view->name = std::move(name);
  view->transitions = transitions;
  return view;
}

std::vector<std::string> Names(const std::vector<ElectionPtr>& views) {
  std::vector<std::string> names;
  for (const ElectionPtr& v : views) names.push_back(v->ns + "/" + v->name);
  return names;
}

TEST(FreshnessTest, IsStaleUnlessLoadedWatchingAndConfirmedWithinThreeSeconds) {
  const MonotonicTime t0{100s};
  Freshness f{.loaded = true, .as_of = t0, .watching = true};
  EXPECT_TRUE(f.FreshAt(t0 + 3s));
  EXPECT_FALSE(f.FreshAt(t0 + 3001ms));
  f.watching = false;
  EXPECT_FALSE(f.FreshAt(t0));
  f = {.loaded = false, .as_of = t0, .watching = true};
  EXPECT_FALSE(f.FreshAt(t0));
}

TEST(ViewStoreTest, FindsNothingThatWasRemoved) {
  ViewStore store;
  EXPECT_EQ(store.Find("a", "b"), nullptr);
  store.Publish(View("a", "b"));
  EXPECT_NE(store.Find("a", "b"), nullptr);
  store.Remove("a", "b");
  EXPECT_EQ(store.Find("a", "b"), nullptr);
  store.Remove("a", "b");
  EXPECT_EQ(store.size(), 0u);
}

TEST(ViewStoreTest, ListsPagesInOrderWithinANamespace) {
  ViewStore store;
  for (const char* ns : {"b", "a", "a-b"}) {
    for (const char* name : {"y", "x"}) store.Publish(View(ns, name));
  }
  EXPECT_THAT(Names(store.List("", "", 0)),
              ElementsAre("a-b/x", "a-b/y", "a/x", "a/y", "b/x", "b/y"));
  EXPECT_THAT(Names(store.List("", "", 2)), ElementsAre("a-b/x", "a-b/y"));
  EXPECT_THAT(Names(store.List("", "a-b/y", 2)), ElementsAre("a/x", "a/y"));
  EXPECT_THAT(Names(store.List("a", "", 0)), ElementsAre("a/x", "a/y"));
  EXPECT_THAT(Names(store.List("a", "a/x", 0)), ElementsAre("a/y"));
  EXPECT_THAT(Names(store.List("a", "b/x", 0)), ElementsAre());
  EXPECT_THAT(Names(store.List("c", "", 0)), ElementsAre());
}

TEST(ViewStoreTest, ReadersOnOtherThreadsSeeWholeViews) {
  ViewStore store;
  store.Publish(View("a", "b", 0));
  std::atomic<bool> done = false;
  std::thread reader([&] {
    uint64_t last = 0;
    while (!done) {
      const ElectionPtr view = store.Find("a", "b");
      ASSERT_NE(view, nullptr);
      ASSERT_GE(view->transitions, last);
      last = view->transitions;
      store.List("", "", 10);
      store.freshness();
    }
  });
  for (uint64_t i = 1; i <= 1000; ++i) {
    store.Publish(View("a", "b", i));
    store.SetFreshness({.loaded = true});
  }
  done = true;
  reader.join();
}

TEST(ChangeFeedTest, NamesEachChangedElectionOnceAndAnnouncesOnceUntilItIsTaken) {
  ViewStore store;
  int announced = 0;
  const auto feed = std::make_shared<ChangeFeed>([&] { ++announced; });
  store.Attach(feed);
  store.Publish(View("a", "x", 1));
  store.Publish(View("a", "x", 2));
  store.Publish(View("a", "y"));
  store.Remove("a", "y");
  store.SetFreshness({});
  EXPECT_EQ(announced, 1);
  EXPECT_THAT(feed->Take(), UnorderedElementsAre("a/x", "a/y"));
  store.SetFreshness({});
  EXPECT_EQ(announced, 2);
  EXPECT_THAT(feed->Take(), IsEmpty());
  feed->Close();
  store.Publish(View("a", "x", 3));
  EXPECT_EQ(announced, 2);
  EXPECT_THAT(feed->Take(), IsEmpty());
}

TEST(ChangeFeedTest, OneThatNobodyOwnsAnyMoreIsNotTold) {
  ViewStore store;
  int announced = 0;
  auto feed = std::make_shared<ChangeFeed>([&] { ++announced; });
  store.Attach(feed);
  feed.reset();
  store.Publish(View("a", "x"));
  EXPECT_EQ(announced, 0);
}

}  // namespace
}  // namespace bellwether::election
