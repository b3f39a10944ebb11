// SPDX-License-Identifier: MIT
#include "capture/output_spec.hpp"

#include <gmock/gmock.h>

namespace drone::capture {

namespace {

output_spec parsed(const std::string& text) {
    return parse_output(text).value_or(output_spec{"?", {}});
}

} // namespace

TEST(OutputSpec, IsAPathAndPorts) {
    EXPECT_EQ(parsed(":0:1"), (output_spec{"", {0, 1}}));
    EXPECT_EQ(parsed("heaptrace:31"), (output_spec{"heaptrace", {31}}));
    EXPECT_EQ(parsed("all"), (output_spec{"all", {}}));
    EXPECT_EQ(parsed("a:b:3:3:1"), (output_spec{"a:b", {1, 3}}));
    EXPECT_EQ(parsed("high:31"), (output_spec{"high", {31}}));
    EXPECT_EQ(parsed("at:12/a:-:b"), (output_spec{"at:12/a:-:b", {}}));
}

TEST(OutputSpec, RefusesWhatIsNoPort) {
    for (const std::string text :
         {"",
          "x:",
          ":",
          "x:32",
          ":32",
          "x:256",
          "x:1:999999999999",
          "x:-1",
          ":+1",
          "x:0x1f",
          "x:3a",
          ":1.5",
          "x:1:2b"})
        EXPECT_FALSE(parse_output(text)) << text;
}

TEST(OutputSpec, RefusesNamesThatAreMoreLikelyPorts) {
    for (const std::string text : {":a", "0", "31", ":a:3", ":a/b"})
        EXPECT_FALSE(parse_output(text)) << text;
    EXPECT_EQ(parsed("./0"), (output_spec{"./0", {}}));
    EXPECT_EQ(parsed("./:a:3"), (output_spec{"./:a", {3}}));
    EXPECT_EQ(parsed("0:1"), (output_spec{"0", {1}}));
}

TEST(OutputSpec, OutputsOfOnePathBecomeOne) {
    EXPECT_THAT(
        parse_outputs({"a:1", "b:2", "a:0", ":3", "-:4"}).value(),
        testing::ElementsAre(
            output_spec{"a", {0, 1}}, output_spec{"b", {2}}, output_spec{"", {3, 4}}
        )
    );
    EXPECT_THAT(parse_outputs({"a:1", "a"}).value(), testing::ElementsAre(output_spec{"a", {}}));
}

} // namespace drone::capture
