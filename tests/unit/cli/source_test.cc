#include "cli/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::cli {
namespace {

using testing::HasSubstr;

SourceFlags Given(const std::string& endpoints, const std::string& controllers) {
  SourceFlags flags;
  flags.connection.endpoints = endpoints;
  flags.controllers = controllers;
  return flags;
}

TEST(SourceTest, AFlagWinsOverBothVariables) {
  SourceFlags etcd = Given("e", "");
  ASSERT_TRUE(ChooseSource(etcd, "e2", "c2"));
  EXPECT_FALSE(etcd.by_controller());
  EXPECT_EQ(etcd.connection.endpoints, "e");
  SourceFlags controller = Given("", "c");
  ASSERT_TRUE(ChooseSource(controller, "e2", nullptr));
  EXPECT_TRUE(controller.by_controller());
}

TEST(SourceTest, AVariableAloneCounts) {
  SourceFlags etcd, controller;
  ASSERT_TRUE(ChooseSource(etcd, "e", nullptr));
  EXPECT_EQ(etcd.connection.endpoints, "e");
  ASSERT_TRUE(ChooseSource(controller, "", "c"));
  EXPECT_EQ(controller.controllers, "c");
}

TEST(SourceTest, BothOrNeitherIsAMistake) {
  SourceFlags flags = Given("e", "c"), variables, nothing;
  for (const auto& [chosen, why] :
       {std::pair(ChooseSource(flags, nullptr, nullptr), "give one of them"),
        std::pair(ChooseSource(variables, "e", "c"), "BELLWETHER_CONTROLLER are both set"),
        std::pair(ChooseSource(nothing, nullptr, ""), "--controller")}) {
    ASSERT_FALSE(chosen);
    EXPECT_EQ(chosen.error().code, Code::kInvalid);
    EXPECT_THAT(chosen.error().message, HasSubstr(why));
  }
}

TEST(SourceTest, AControllerKnowsElectionsByName) {
  SourceFlags flags = Given("", "c");
  EXPECT_TRUE(ChooseSource(flags, {.election = "a/b", .root = "/bellwether/elections"}));
  EXPECT_FALSE(ChooseSource(flags, {.prefix = "/x", .root = "/bellwether/elections"}));
  EXPECT_FALSE(ChooseSource(flags, {.election = "a/b", .root = "/other"}));
}

}  // namespace
}  // namespace bellwether::cli
