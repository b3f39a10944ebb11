// SPDX-License-Identifier: MIT
#pragma once

#include "probe/plan.hpp"

#include <filesystem>

namespace drone::probe {

/// What a run of a tool has to itself: a folder that goes with it, and free ports.
class scratch {
public:
    [[nodiscard]] static result<scratch> make();
    scratch(scratch&& other) noexcept : at_(std::exchange(other.at_, {})) {}
    scratch& operator=(scratch&&) = delete;
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;
    ~scratch(); ///< removes the folder

    [[nodiscard]] const workplace& place() const noexcept { return at_; }

private:
    explicit scratch(workplace at) : at_(std::move(at)) {}
    workplace at_;
};

/// A probe and what the project, if there is one, says of the log and the RAM.
[[nodiscard]] setup setup_of(config::probe named, const config::project* project);

/// The probe of a project whose tool is not our own board.
[[nodiscard]] result<setup> make_setup(const config::project& p);

[[nodiscard]] result<void> flash(const setup& s, const std::filesystem::path& firmware);
[[nodiscard]] result<void> reset(const setup& s);

/// Runs a debugger for the user, to its end. Returns its exit code.
[[nodiscard]] result<int> debug(const setup& s, const std::filesystem::path& firmware);

} // namespace drone::probe
