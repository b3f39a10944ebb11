// SPDX-License-Identifier: MIT
#pragma once

// A virtual board after an ST-Link, and the OpenOCD that uses it: one command that ends by itself.

#include "../base/scratch.hpp"
#include "../board/machine.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <vector>

namespace drone::board::test {

/// The two ways in which OpenOCD drives an ST-Link.
enum class transport : std::uint8_t { dap_direct, high_level };

inline std::string name_of(transport way) {
    return way == transport::dap_direct ? "DapDirect" : "HighLevel";
}

/// OpenOCD's arguments up to the target; without ports of its own.
inline std::string openocd_set_up(transport way, const std::string& gdb_port = "disabled") {
    const std::string probe =
        way == transport::dap_direct
            ? R"(-f interface/stlink-dap.cfg -c "transport select dapdirect_swd" )"
              R"(-c "st-link backend tcp {port}")"
            : R"(-f interface/stlink.cfg -c "transport select hla_swd" )"
              R"(-c "hla_stlink_backend tcp {port}")";
    return "openocd -c \"gdb_port " + gdb_port +
           "; tcl_port disabled; telnet_port disabled; log_output openocd.log\" " + probe +
           " -f target/stm32f4x.cfg";
}

class Session : public ::testing::Test {
protected:
    /// Runs a shell command; returns its exit status, and leaves what it said in `said`.
    int shell(const std::string& command) {
        const std::string whole = "cd " + folder_.string() +
                                  " && PATH=" DRONE_BINARY_DIR "/bin:$PATH timeout -k 5 100 " +
                                  command + " >said 2>&1 </dev/null";
        const int status = std::system(whole.c_str());
        said = content("said") + content("openocd.log");
        return WEXITSTATUS(status);
    }
    int board_with(const std::string& options, const std::string& command) {
        return shell("drone-board stlink --flash-file f " + options + " -- " + command);
    }
    /// Runs OpenOCD with these commands (Tcl).
    int openocd(transport way, const std::string& commands, const std::string& options = "") {
        std::filesystem::remove(folder_ / "openocd.log");
        std::ofstream(folder_ / "script.tcl") << commands << "\n";
        return board_with(options, openocd_set_up(way) + " -f script.tcl -c exit");
    }
    /// Runs gdb with these commands, OpenOCD between it and the board; both end with it.
    int gdb(transport way, std::string_view firmware, const std::string& commands) {
        std::filesystem::remove(folder_ / "openocd.log");
        std::ofstream(folder_ / "script.gdb")
            << "set confirm off\nset pagination off\nset width 0\n"
            << "target extended-remote | drone-board stlink --flash-file f -- "
            << openocd_set_up(way, "pipe") << "\n"
            << commands << "\n";
        return shell(
            "gdb-multiarch -nx -q -batch -x script.gdb " + firmware_path(firmware).string()
        );
    }

    [[nodiscard]] std::string content(const std::string& name) const {
        std::ifstream stream(folder_ / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    [[nodiscard]] std::vector<std::uint8_t> flash() const {
        return read_flash(folder_ / "f").value();
    }

    std::string said;

private:
    base::scratch scratch_;

protected:
    const std::filesystem::path folder_ = scratch_.path();
};

/// The same over both transports.
class StLink : public Session, public ::testing::WithParamInterface<transport> {};

inline std::vector<std::uint8_t> image_of(std::string_view firmware) {
    return flash_image(read_firmware(firmware_path(firmware)).value()).value();
}

} // namespace drone::board::test
