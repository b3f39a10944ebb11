// SPDX-License-Identifier: MIT
#include "paths.hpp"
#include "tool.hpp"

namespace drone::cli {

namespace {

/// drone flash, reset and gdb in a project that was never flashed.
class BoardCommands : public Tool {
protected:
    void SetUp() override {
        Tool::SetUp();
        write("Drone.toml", "[probe]\nboard = \"virtual-m4\"\n");
    }

    [[nodiscard]] std::string refusal(const std::string& arguments) const {
        const outcome left = drone(arguments);
        EXPECT_EQ(left.code, 1) << arguments;
        EXPECT_EQ(left.out, "") << arguments;
        return left.err;
    }
};

} // namespace

TEST_F(BoardCommands, RefuseFilesThatAreNoFirmware) {
    write("text", "hello");
    EXPECT_EQ(
        refusal("flash nowhere.elf"), "drone: nowhere.elf: no such file; build the firmware first\n"
    );
    EXPECT_EQ(
        refusal("flash text"),
        "drone: text: not an ELF file; name the linker's output, not a .bin or .hex made from it\n"
    );
    const std::string tool = DRONE_BINARY_DIR "/bin/drone";
    EXPECT_EQ(refusal("flash " + tool).find("drone: " + tool + ": built for "), 0U);
}

TEST_F(BoardCommands, NeedAFlashedBoard) {
    EXPECT_EQ(
        refusal("reset"),
        "drone: .drone/flash.bin: the board's flash is empty; run `drone flash FIRMWARE` first\n"
    );
}

TEST_F(BoardCommands, NeedAProjectWithAProbe) {
    write("Drone.toml", "");
    EXPECT_EQ(refusal("reset"), "drone: Drone.toml: no [probe]; add board = \"virtual-m4\"\n");
    std::filesystem::remove(folder_ / "Drone.toml");
    EXPECT_EQ(
        refusal("reset"),
        "drone: no Drone.toml in this folder or above; change to a project's folder, or make a project "
        "with `drone new`\n"
    );
}

// What it does otherwise: tests/probe/gdb.
TEST_F(BoardCommands, DebuggingNeedsAPlaceForTheBoardsFlash) {
    write(".drone", "");
    EXPECT_EQ(refusal("gdb"), "drone: .drone: Not a directory\n");
}

} // namespace drone::cli
