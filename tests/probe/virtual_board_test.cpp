// SPDX-License-Identifier: MIT
#include "probe/virtual_board.hpp"
#include "scratch.hpp"

#include <array>
#include <unistd.h>

namespace drone::probe {

namespace {

/// A project whose drone-board is a script that notes how it was called.
class VirtualBoard : public Scratch {
protected:
    void SetUp() override {
        Scratch::SetUp();
        const auto file = write(
            "Drone.toml",
            "[probe]\nboard = \"virtual-m4\"\n[log]\nbaud = 115200\ntimestamps = true\n"
        );
        project_ = *config::read(file);
    }

    void board_does(const std::string& script) const {
        static_cast<void>(write_script(
            "drone-board", "echo \"$@\" >> " + (folder_ / "calls").string() + "\n" + script
        ));
    }

    [[nodiscard]] std::unique_ptr<virtual_board> board() const {
        return std::make_unique<virtual_board>(project_, folder_);
    }
    [[nodiscard]] std::string flash_file() const {
        return (folder_ / ".drone" / "flash.bin").string();
    }
    void fill_flash() const {
        std::filesystem::create_directories(folder_ / ".drone");
        static_cast<void>(write(".drone/flash.bin", "x"));
    }

    config::project project_;
};

} // namespace

TEST_F(VirtualBoard, IsFlashedIntoTheProjectsOwnFile) {
    board_does("");
    ASSERT_TRUE(board()->flash("app.elf").has_value());
    EXPECT_EQ(read("calls"), "flash --flash-file " + flash_file() + " app.elf\n");
    EXPECT_TRUE(std::filesystem::is_directory(folder_ / ".drone"));
}

TEST_F(VirtualBoard, FailsInItsOwnWords) {
    board_does("echo 'drone-board: app.elf: cut off at offset 84' >&2; exit 1");
    EXPECT_EQ(board()->flash("app.elf").error().message, "app.elf: cut off at offset 84");
}

TEST_F(VirtualBoard, ThatIsNotBuiltIsAnError) {
    EXPECT_EQ(
        board()->flash("app.elf").error().message,
        (folder_ / "drone-board").string() + ": No such file or directory; is it installed?"
    );
}

TEST_F(VirtualBoard, NeedsAFlashedFirmwareToRun) {
    const std::string message =
        flash_file() + ": the board's flash is empty; run `drone flash FIRMWARE` first";
    EXPECT_EQ(board()->reset().error().message, message);
    EXPECT_EQ(board()->open_log({}).error().message, message);
}

TEST_F(VirtualBoard, IsReset) {
    board_does("");
    fill_flash();
    ASSERT_TRUE(board()->reset().has_value());
    EXPECT_EQ(read("calls"), "reset --flash-file " + flash_file() + "\n");
}

TEST_F(VirtualBoard, LogsThePortsAskedForAsTheProjectSays) {
    board_does("printf 'bytes'");
    fill_flash();
    auto log = board()->open_log({.ports = 0x8000'0003});
    ASSERT_TRUE(log.has_value()) << log.error().message;
    std::array<char, 16> bytes{};
    ASSERT_EQ(::read((*log)->descriptor(), bytes.data(), bytes.size()), 5);
    EXPECT_STREQ(bytes.data(), "bytes");
    EXPECT_EQ(::read((*log)->descriptor(), bytes.data(), bytes.size()), 0);
    EXPECT_EQ((*log)->finish(), "");
    EXPECT_EQ(
        read("calls"),
        "run --flash-file " + flash_file() +
            " --swo - --baud 115200 --ports 0x80000003 --no-text --timestamps\n"
    );
}

TEST_F(VirtualBoard, FramesItsLogWhenTheProjectSaysSo) {
    board_does("");
    fill_flash();
    project_.log = *config::parse_format("tpiu:1");
    auto log = board()->open_log({.ports = 1});
    ASSERT_TRUE(log.has_value()) << log.error().message;
    EXPECT_TRUE((*log)->finish().has_value());
    EXPECT_TRUE(read("calls").ends_with(" --ports 0x00000001 --no-text --frames\n"))
        << read("calls");
}

TEST_F(VirtualBoard, RefusesFormatsThatItDoesNotSpeak) {
    fill_flash();
    for (const char* const format : {"dso", "tpiu:2"}) {
        project_.log = *config::parse_format(format);
        EXPECT_EQ(
            board()->open_log({}).error().message,
            "the virtual board's log is swo or tpiu:1; change \"format\" under [log]"
        );
    }
}

TEST_F(VirtualBoard, EndsItsLogWhenStopped) {
    board_does("trap 'printf last; exit 0' INT; printf up; while :; do :; done");
    fill_flash();
    auto log = board()->open_log({});
    ASSERT_TRUE(log.has_value()) << log.error().message;
    std::array<char, 16> bytes{};
    ASSERT_EQ(::read((*log)->descriptor(), bytes.data(), bytes.size()), 2);
    (*log)->stop();
    ASSERT_EQ(::read((*log)->descriptor(), bytes.data(), bytes.size()), 4);
    EXPECT_EQ(std::string(bytes.data(), 4), "last");
    EXPECT_TRUE((*log)->finish().has_value());
}

TEST_F(VirtualBoard, IsDebuggedThroughOpenOcd) {
    board_does("echo broken; exit 3");
    EXPECT_EQ(board()->debug({.firmware = "app.elf"}).error().message, "drone-board: broken");
    const std::string calls = read("calls");
    EXPECT_TRUE(calls.starts_with("stlink --flash-file " + flash_file() + " -- openocd -f "))
        << calls;
    EXPECT_NE(calls.find(" -c st-link backend tcp {port} "), std::string::npos) << calls;
    EXPECT_NE(calls.find(" -c gdb_port "), std::string::npos) << calls;
}

TEST_F(VirtualBoard, NeedsAProbeInTheProject) {
    EXPECT_EQ(
        open_adapter(*config::parse("", "Drone.toml"), folder_).error().message,
        "Drone.toml: no [probe]; add board = \"virtual-m4\""
    );
}

} // namespace drone::probe
