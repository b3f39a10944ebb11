// SPDX-License-Identifier: MIT
#pragma once

#include "capture/capture.hpp"

#include <string_view>

namespace drone::cli {

/// What `drone log` says on standard error: lines that stay, and on a terminal that has nothing
/// else to show one that is rewritten. Talk that cannot be written is dropped.
class log_talk : public capture::observer {
public:
    /// `has_the_screen`: text of the program goes to the terminal, which a status line would cut up.
    explicit log_talk(bool has_the_screen);

    void notice(std::string_view line) override;
    void failure(const error& what) override;
    void status(const capture::progress& now) override;

    /// Ends the status line. Returns whether nothing failed.
    [[nodiscard]] bool finish();

private:
    void print(std::string_view line);

    bool has_status_;
    bool shown_ = false;
    bool failed_ = false;
    bool wondered_ = false; ///< why nothing arrives
    capture::progress before_;
};

} // namespace drone::cli
