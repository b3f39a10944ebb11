// SPDX-License-Identifier: MIT
#include "config/boards.hpp"
#include "config/config.hpp"
#include "paths.hpp"
#include "tool.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace drone::cli {

namespace {

using testing::HasSubstr;
using testing::Not;

/// With templates of its own, so that what is tested is the command.
class New : public Tool {
protected:
    void SetUp() override {
        Tool::SetUp();
        write(
            "root/templates/app/Drone.toml",
            "[memory]\n"
            "flash = { origin = \"{{flash_origin}}\", size = \"{{flash_size}}\" }\n"
            "ram = { origin = \"{{ram_origin}}\", size = \"{{ram_size}}\" }\n"
            "[heap]\nsize = \"{{heap_size}}\"\n{{layout}}\n"
            "[probe]\nkind = \"{{probe}}\"\nboard = \"{{board}}\"\n[log]\n{{log}}\n"
        );
        write(
            "root/templates/app/src/.words", "{{name}} {{core}} {{ name }} {{other}} {{{board}}} {{"
        );
        write("root/templates/app/run", "#!/bin/sh\n");
        std::filesystem::permissions(
            folder_ / "root/templates/app/run", std::filesystem::perms::owner_all
        );
    }

    [[nodiscard]] outcome make(const std::string& arguments) const {
        return shell("DRONE_ROOT=root " DRONE_BINARY_DIR "/bin/drone new " + arguments);
    }

    [[nodiscard]] std::string refusal(const std::string& arguments) const {
        const outcome left = make(arguments);
        EXPECT_EQ(left.code, 1) << arguments;
        return left.err;
    }

    /// What no file could make right.
    [[nodiscard]] std::string misuse(const std::string& arguments) const {
        const outcome left = make(arguments);
        EXPECT_EQ(left.code, 2) << arguments;
        constexpr std::string_view advice = "; see `drone new --help`\n";
        EXPECT_THAT(left.err, testing::EndsWith(advice));
        return left.err.substr(0, left.err.size() - std::min(left.err.size(), advice.size()));
    }
};

} // namespace

TEST_F(New, WritesTheProjectFilledIn) {
    const outcome left = make("work/app --board virtual-m4");
    ASSERT_EQ(left.code, 0) << left.err;
    EXPECT_EQ(left.out, "");
    EXPECT_EQ(read("work/app/src/.words"), "app cortex-m4 {{ name }} {{other}} {virtual-m4} {{");
    const auto mode = std::filesystem::status(folder_ / "work/app/run").permissions();
    EXPECT_NE(mode & std::filesystem::perms::owner_exec, std::filesystem::perms::none);

    const result<config::project> p = config::read(folder_ / "work/app/Drone.toml");
    ASSERT_TRUE(p.has_value()) << p.error().message;
    EXPECT_EQ(p->find_heap()->size, config::find_board("virtual-m4")->heap_size());
    EXPECT_TRUE(p->find_heap()->overflow);
    EXPECT_THAT(p->find_heap()->pools, testing::IsEmpty());
    EXPECT_EQ(p->probe->board, "virtual-m4");
    EXPECT_EQ(p->memory->ram.size, config::find_board("virtual-m4")->memory.ram.size);
}

TEST_F(New, MakesAHeapOfPoolsWithNoRegion) {
    ASSERT_EQ(make("app --board virtual-m4 --pools-only").code, 0);
    const result<config::project> p = config::read(folder_ / "app/Drone.toml");
    ASSERT_TRUE(p.has_value()) << p.error().message;
    EXPECT_FALSE(p->find_heap()->overflow);
    EXPECT_GE(p->find_heap()->pools.size(), 8);
}

TEST_F(New, TakesNameAndHeapSize) {
    ASSERT_EQ(make("app --board virtual-m4 --name station --heap-size 10K").code, 0);
    EXPECT_THAT(read("app/src/.words"), testing::StartsWith("station "));
    EXPECT_THAT(read("app/Drone.toml"), HasSubstr("size = \"10K\""));
}

TEST_F(New, FillsAnEmptyFolder) {
    std::filesystem::create_directory(folder_ / "app");
    EXPECT_EQ(make("app --board virtual-m4").code, 0);
    EXPECT_THAT(read("app/Drone.toml"), Not(testing::IsEmpty()));
}

TEST_F(New, RefusesAFolderThatIsNotEmpty) {
    write("app/mine", "");
    EXPECT_EQ(
        refusal("app --board virtual-m4"), "drone: app: exists and is not empty; choose another\n"
    );
    EXPECT_FALSE(std::filesystem::exists(folder_ / "app/Drone.toml"));
    EXPECT_EQ(
        refusal("app/mine --board virtual-m4"),
        "drone: app/mine: exists and is not a folder; choose another\n"
    );
}

TEST_F(New, RefusesAnUnknownBoardAndListsTheKnown) {
    EXPECT_EQ(
        misuse("app --board virtual-m5"),
        "drone: --board: unknown board \"virtual-m5\"; did you mean \"virtual-m4\"? `drone print "
        "supported-boards` lists them"
    );
}

TEST_F(New, SaysWhatIsMissingForAChip) {
    const std::string said = refusal("app --board pico");
    EXPECT_THAT(said, HasSubstr("drone: pico has no new projects yet: its flash begins with a"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "app"));
}

TEST_F(New, HasTheMemoriesAndTheCarrierOfTheBoard) {
    ASSERT_EQ(drone("new app --board nucleo-f303re").code, 0);
    const result<config::project> p = config::read(folder_ / "app/Drone.toml");
    ASSERT_TRUE(p.has_value()) << p.error().message;
    ASSERT_EQ(p->memory->more.size(), 1U);
    EXPECT_EQ(p->memory->more.front().first, "ccm");
    EXPECT_EQ(p->probe->chip, "stm32f3x");
    EXPECT_EQ(p->log.core_clock, 8'000'000U);
    ASSERT_EQ(drone("new wired --board blue-pill").code, 0);
    EXPECT_THAT(read("wired/src/heap.hpp"), HasSubstr("carrier = drone::rtt_carrier<core>;"));
    EXPECT_EQ(config::read(folder_ / "wired/Drone.toml")->log.carrier, config::log_carrier::rtt);
}

TEST_F(New, RefusesBadNames) {
    for (const std::string name : {"9lives", "my app", "a/b", "\xc3\xa4"})
        EXPECT_EQ(
            misuse("app --board virtual-m4 --name '" + name + "'"),
            "drone: \"" + name +
                "\" is not a name for a project: write a letter, then letters, digits, - or _; "
                "give one with --name"
        );
}

TEST_F(New, RefusesNamesThatCMakeKeeps) {
    for (const std::string name : {"test", "all", "install", "clean"})
        EXPECT_EQ(
            misuse("app --board virtual-m4 --name " + name),
            "drone: CMake uses the name \"" + name + "\" itself; give another with --name"
        );
    EXPECT_EQ(misuse("'' --board virtual-m4"), "drone: PATH is empty; name the project's folder");
}

TEST_F(New, SaysWhatIsNextAsAShellTakesIt) {
    const outcome left = make("'my app' --board virtual-m4 --name app");
    EXPECT_EQ(left.code, 0);
    EXPECT_THAT(left.err, HasSubstr("next: cd 'my app' && just flash"));
}

TEST_F(New, RefusesBadHeapSizes) {
    EXPECT_EQ(
        misuse("app --board virtual-m4 --heap-size ten"),
        "drone: --heap-size: \"ten\" is not a size; write bytes (512, 0x800) or a number with K, M or "
        "G (10K)"
    );
    for (const std::string size : {"0", "511", "193K", "4G"})
        EXPECT_EQ(
            misuse("app --board virtual-m4 --heap-size " + size),
            "drone: --heap-size: " + size +
                " is out of range; virtual-m4 has 192K of RAM, and a heap needs at least 512"
        );
}

TEST_F(New, NeedsTemplates) {
    const outcome left =
        shell("DRONE_ROOT=elsewhere " DRONE_BINARY_DIR "/bin/drone new app --board virtual-m4");
    EXPECT_EQ(left.code, 1);
    EXPECT_EQ(
        left.err,
        "drone: " + (folder_ / "elsewhere/templates/app").string() +
            ": No such file or directory; is all of Drone installed? DRONE_ROOT names its files "
            "elsewhere\n"
    );
}

TEST_F(New, LeavesNoPlaceholderInTheRealTemplates) {
    const outcome left = drone("new app --board virtual-m4");
    ASSERT_EQ(left.code, 0) << left.err;
    const outcome found = shell("grep -rnE '\\{\\{[a-z_]+\\}\\}' app");
    EXPECT_EQ(found.out, "");
    EXPECT_TRUE(config::read(folder_ / "app/Drone.toml").has_value());
}

} // namespace drone::cli
