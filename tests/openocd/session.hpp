// SPDX-License-Identifier: MIT
#pragma once

// A virtual board after an ST-Link, and the OpenOCD that uses it: one command that ends by itself.

#include "../base/scratch.hpp"
#include "board/elf.hpp"
#include "board/flash_file.hpp"
#include "paths.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

inline std::string firmware_path(std::string_view name) {
    return std::string(DRONE_FIRMWARE_DIR) + "/board_" + std::string(name) + ".elf";
}

inline std::string openocd_line(transport way, const std::string& commands) {
    const std::string probe =
        way == transport::dap_direct
            ? "-f interface/stlink-dap.cfg -c 'transport select dapdirect_swd' "
              "-c 'st-link backend tcp {port}'"
            : "-f interface/stlink.cfg -c 'transport select hla_swd' "
              "-c 'hla_stlink_backend tcp {port}'";
    return "openocd -c 'gdb_port disabled; tcl_port disabled; telnet_port disabled' " + probe +
           " -f target/stm32f4x.cfg -c '" + commands + "'";
}

class Session : public ::testing::Test {
protected:
    /// Runs `drone-board stlink OPTIONS -- COMMAND`; returns the exit status, and leaves what both
    /// said in `said`.
    int board_with(const std::string& options, const std::string& command) {
        const std::string whole = "cd " + folder_.string() +
                                  " && PATH=" DRONE_BINARY_DIR
                                  "/bin:$PATH timeout -k 5 60 drone-board stlink --flash-file f " +
                                  options + " -- " + command + " >said 2>&1 </dev/null";
        const int status = std::system(whole.c_str());
        said = content("said");
        return WEXITSTATUS(status);
    }
    int openocd(transport way, const std::string& commands, const std::string& options = "") {
        return board_with(options, openocd_line(way, commands));
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

inline std::vector<std::uint8_t> image_of(std::string_view firmware) {
    return flash_image(read_firmware(firmware_path(firmware)).value()).value();
}

} // namespace drone::board::test
