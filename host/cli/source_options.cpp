// SPDX-License-Identifier: MIT
#include "cli/source_options.hpp"

#include "cli/command.hpp"
#include "config/config.hpp"
#include "probe/plan.hpp"

#include <utility>

namespace drone::cli {

option_syntax add_tool_options(command_syntax command, tool_options& options) {
    option_syntax via = command.add_option(
        "--via",
        options.via,
        "The probe: TOOL:CHIP, such as openocd:stm32f4x, openocd:cmsis-dap+nrf52, jlink:STM32F407VG, "
        "or gdb:HOST:PORT"
    );
    via.check(refused_by(probe::parse_via));
    option_syntax swo = command.add_option(
        "--swo", options.swo, "BAUD@CLOCK: the log comes over SWO, such as 2000000@168MHz"
    );
    swo.check(refused_by([](const std::string& text) {
        config::log ignored;
        return probe::parse_swo(text, ignored);
    }));
    command.add_flag("--rtt", options.rtt, "The log comes over RTT").excludes(swo);
    return via;
}

void add_source_options(command_syntax command, source_options& options) {
    const option_syntax input = command.add_option(
        "--input",
        options.input,
        "A file, - for standard input, serial:PATH@BAUD, tcp:HOST:PORT, openocd:HOST:PORT, gdb:HOST:PORT"
    );
    add_tool_options(command, options.tool).excludes(input);
    command.add_option("--format", options.format, "swo, tpiu:ID or dso")
        .check(refused_by(config::parse_format));
    command.add_flag("--reset", options.reset, "Reset the board first");
    command.add_flag("--wait", options.wait, "Wait for the source, also if it goes away");
}

std::vector<std::string> words_of(const source_options& options) {
    std::vector<std::string> words;
    for (const auto& [name, value] :
         {std::pair{"--input", &options.input},
          std::pair{"--via", &options.tool.via},
          std::pair{"--swo", &options.tool.swo},
          std::pair{"--format", &options.format}})
        if (!value->empty()) words.insert(words.end(), {name, *value});
    for (const auto& [name, is_set] :
         {std::pair{"--rtt", options.tool.rtt},
          std::pair{"--reset", options.reset},
          std::pair{"--wait", options.wait}})
        if (is_set) words.emplace_back(name);
    return words;
}

} // namespace drone::cli
