// SPDX-License-Identifier: MIT
#include "probe/virtual_board.hpp"

#include "probe/child.hpp"

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

result<void> virtual_board::flash(const std::filesystem::path& firmware) {
    std::error_code problem;
    std::filesystem::create_directories(flash_file_.parent_path(), problem);
    if (problem)
        return fail(fmt::format("{}: {}", flash_file_.parent_path().string(), problem.message()));
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

result<std::vector<std::string>> virtual_board::debug_command(const std::filesystem::path&) {
    return fail("the virtual board has no debug port; `drone log` shows its output");
}

} // namespace drone::probe
