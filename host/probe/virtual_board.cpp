// SPDX-License-Identifier: MIT
#include "probe/virtual_board.hpp"

#include "probe/child.hpp"
#include "probe/plan.hpp"
#include "probe/tool_adapter.hpp"

#include <fmt/format.h>

#include <sstream>
#include <string_view>
#include <system_error>

namespace drone::probe {

namespace {

constexpr std::uint8_t trace_id = 1; // of drone-board's TPIU frames

/// Lines of the board itself, which are few.
std::string board_lines(const std::string& said) {
    constexpr std::string_view prefix = "drone-board: ";
    std::string kept;
    std::istringstream lines(said);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(prefix)) kept += "the board: " + line.substr(prefix.size()) + "\n";
    return kept;
}

/// The log of a running drone-board: its standard output.
class board_log final : public log_stream {
public:
    explicit board_log(child board) : board_(std::move(board)) {}

    [[nodiscard]] int descriptor() const noexcept override { return board_.output(); }
    void stop() noexcept override { board_.interrupt(); }
    [[nodiscard]] result<std::string> finish() override {
        auto said = board_.wait();
        if (said) *said = board_lines(*said);
        return said;
    }

private:
    child board_;
};

} // namespace

virtual_board::virtual_board(const config::project& p, const std::filesystem::path& tools)
    : program_(tools / "drone-board"), flash_file_(p.file.parent_path() / ".drone" / "flash.bin"),
      log_(p.log) {}

result<void> virtual_board::need_flash_file() const {
    std::error_code ignored;
    if (std::filesystem::exists(flash_file_, ignored)) return {};
    return fail(fmt::format(
        "{}: the board's flash is empty; run `drone flash FIRMWARE` first", flash_file_.string()
    ));
}

result<void> virtual_board::make_folder() const {
    std::error_code problem;
    const std::filesystem::path folder = flash_file_.parent_path();
    std::filesystem::create_directories(folder, problem);
    if (problem) return fail(fmt::format("{}: {}", folder.string(), problem.message()));
    return {};
}

result<void> virtual_board::flash(const std::filesystem::path& firmware) {
    if (auto made = make_folder(); !made) return made;
    const auto done = run_child(
        {program_.string(), "flash", "--flash-file", flash_file_.string(), firmware.string()}
    );
    if (!done) return std::unexpected(done.error());
    return {};
}

result<void> virtual_board::reset() {
    if (auto there = need_flash_file(); !there) return there;
    const auto done = run_child({program_.string(), "reset", "--flash-file", flash_file_.string()});
    if (!done) return std::unexpected(done.error());
    return {};
}

result<std::unique_ptr<log_stream>> virtual_board::open_log(const log_request& ask) {
    if (auto there = need_flash_file(); !there) return std::unexpected(there.error());
    const bool frames_of_another =
        log_.format == config::log_format::tpiu && log_.tpiu_id != trace_id;
    if (log_.format == config::log_format::dso || frames_of_another)
        return fail("the virtual board's log is swo or tpiu:1; change \"format\" under [log]");
    std::vector<std::string> command = {
        program_.string(),
        "run",
        "--flash-file",
        flash_file_.string(),
        "--swo",
        "-",
        "--baud",
        std::to_string(log_.baud),
        "--ports",
        fmt::format("{:#010x}", ask.ports),
        "--no-text" // nobody reads what a firmware writes by semihosting, for as long as it runs
    };
    if (log_.timestamps) command.emplace_back("--timestamps");
    if (log_.format == config::log_format::tpiu) command.emplace_back("--frames");
    auto board = child::start(command);
    if (!board) return std::unexpected(board.error());
    return std::make_unique<board_log>(std::move(*board));
}

result<int> virtual_board::debug(const debug_request& ask) {
    if (auto made = make_folder(); !made) return std::unexpected(made.error());
    const auto at = scratch::make();
    if (!at) return std::unexpected(at.error());
    workplace place = at->place();
    place.gdb_commands = ask.gdb_commands.string();
    setup behind_openocd;
    behind_openocd.probe.kind = "openocd";
    behind_openocd.probe.chip = "stm32f4x";
    behind_openocd.probe.commands = {"st-link backend tcp {port}"}; // drone-board fills it in
    auto session = plan_debug(behind_openocd, ask.firmware.string(), place);
    if (!session) return std::unexpected(session.error());
    const command_line board = {
        program_.string(), "stlink", "--flash-file", flash_file_.string(), "--"
    };
    session->server.insert(session->server.begin(), board.begin(), board.end());
    return run_session(*session);
}

} // namespace drone::probe
