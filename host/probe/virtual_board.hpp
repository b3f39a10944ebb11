// SPDX-License-Identifier: MIT
#pragma once

#include "probe/adapter.hpp"

namespace drone::probe {

/// The virtual board, reached through the program drone-board. Its flash is a file of the project,
/// .drone/flash.bin, so flash, reset and log are separate acts as on hardware. It runs only while
/// its log is open or it is debugged, from reset. A debugger reaches it through OpenOCD.
class virtual_board final : public adapter {
public:
    virtual_board(const config::project& p, const std::filesystem::path& tools);

    [[nodiscard]] result<void> flash(const std::filesystem::path& firmware) override;
    [[nodiscard]] result<void> reset() override;
    [[nodiscard]] result<int> debug(const debug_request& ask) override;
    [[nodiscard]] result<std::unique_ptr<log_stream>> open_log(const log_request& ask);

private:
    [[nodiscard]] result<void> need_flash_file() const;
    [[nodiscard]] result<void> make_folder() const;

    std::filesystem::path program_;
    std::filesystem::path flash_file_;
    config::log log_;
};

} // namespace drone::probe
