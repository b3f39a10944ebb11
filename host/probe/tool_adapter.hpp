// SPDX-License-Identifier: MIT
#pragma once

#include "probe/adapter.hpp"
#include "probe/free_port.hpp"
#include "probe/plan.hpp"

#include <filesystem>
#include <utility>

namespace drone::probe {

/// What a run of a tool has to itself: a folder that goes with it, and free ports.
class scratch {
public:
    [[nodiscard]] static result<scratch> make();
    scratch(scratch&& other) noexcept
        : control_(std::move(other.control_)), data_(std::move(other.data_)),
          at_(std::exchange(other.at_, {})) {}
    scratch& operator=(scratch&&) = delete;
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;
    ~scratch(); ///< removes the folder

    [[nodiscard]] const workplace& place() const noexcept { return at_; }

private:
    scratch() = default;
    free_port control_;
    free_port data_;
    workplace at_;
};

/// A probe and what the project, if there is one, says of the log and the RAM.
[[nodiscard]] setup setup_of(config::probe named, const config::project* project);

/// The probe of a project, which may be the virtual board.
[[nodiscard]] result<setup> make_setup(const config::project& p);

/// A board after a probe that has a tool of its own.
class tool_adapter final : public adapter {
public:
    explicit tool_adapter(setup s) : setup_(std::move(s)) {}

    [[nodiscard]] result<void> flash(const std::filesystem::path& firmware) override;
    [[nodiscard]] result<void> reset() override;
    [[nodiscard]] result<int> debug(const debug_request& ask) override;

private:
    setup setup_;
};

/// Starts a session's server, waits until it is ready, and runs the debugger. Returns its exit code.
[[nodiscard]] result<int> run_session(const debug_session& session);

} // namespace drone::probe
