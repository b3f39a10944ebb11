// SPDX-License-Identifier: MIT
#include "cli/log_source.hpp"

#include "capture/source.hpp"
#include "probe/virtual_board.hpp"

#include <memory>
#include <utility>

namespace drone::cli {

namespace {

/// A probe's log as a source.
class probe_source : public capture::source {
public:
    explicit probe_source(std::unique_ptr<probe::log_stream> log) : log_(std::move(log)) {}

    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] bool live() const override { return true; }
    [[nodiscard]] int descriptor() const override { return log_->descriptor(); }
    [[nodiscard]] result<capture::reading> read(std::span<std::uint8_t> into) override {
        auto got = capture::read_descriptor(log_->descriptor(), name_, into);
        ended_ = !got || got->ended;
        return got;
    }
    bool stop() override {
        log_->stop();
        return true;
    }
    [[nodiscard]] result<std::string> close() override {
        if (!ended_) log_->stop(); // nobody reads on, and it may never end by itself
        return log_->finish();
    }

private:
    std::unique_ptr<probe::log_stream> log_;
    bool ended_ = false; ///< the log
    std::string name_ = "the board";
};

} // namespace

result<capture::opener>
board_source(const config::project& project, const session& s, const probe::log_request& ask) {
    if (const auto named = config::require_probe(project); !named)
        return std::unexpected(named.error());
    const auto board =
        std::make_shared<probe::virtual_board>(project, s.executable().parent_path());
    return [board, ask]() -> result<std::unique_ptr<capture::source>> {
        auto log = board->open_log(ask);
        if (!log) return std::unexpected(log.error());
        return std::make_unique<probe_source>(std::move(*log));
    };
}

result<capture::opener> input_source(const std::string& spelling, bool reset, const session& s) {
    if (!reset) return [spelling] { return capture::open_source(spelling); };
    const auto project = config::read_nearest();
    if (!project) return std::unexpected(project.error());
    auto board = probe::open_adapter(*project, s.executable().parent_path());
    if (!board) return std::unexpected(board.error());
    std::shared_ptr<probe::adapter> to_reset = std::move(*board);
    return [spelling, to_reset]() mutable -> result<std::unique_ptr<capture::source>> {
        auto opened = capture::open_source(spelling);
        if (!opened || !to_reset) return opened;
        if (const auto done = std::exchange(to_reset, nullptr)->reset(); !done)
            return std::unexpected(done.error());
        return opened;
    };
}

} // namespace drone::cli
