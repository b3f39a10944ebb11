// SPDX-License-Identifier: MIT
#pragma once

#include "probe/adapter.hpp"

namespace drone::probe {

/// The virtual board, reached through the program drone-board. Its flash is a file of the project,
/// .drone/flash.bin, so flash, reset and log are separate acts as on hardware. It runs only while
/// its log is open, from reset.
class virtual_board final : public adapter {
public:
    virtual_board(const config::project& p, const std::filesystem::path& tools);

    [[nodiscard]] result<void> flash(const std::filesystem::path& firmware) override;
    [[nodiscard]] result<void> reset() override;
    [[nodiscard]] result<std::unique_ptr<log_stream>> open_log(const log_request& ask) override;
    [[nodiscard]] result<std::vector<std::string>>
    debug_command(const std::filesystem::path& firmware) override;

private:
    [[nodiscard]] result<void> need_flash_file() const;

    std::filesystem::path program_;
    std::filesystem::path flash_file_;
    config::log log_;
};

} // namespace drone::probe
