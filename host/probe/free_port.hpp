// SPDX-License-Identifier: MIT
#pragma once

#include "base/descriptor.hpp"

#include <cstdint>

namespace drone::probe {

/// A TCP port of this machine for a server of ours that starts soon. No other `drone` takes it while
/// this lives. It is below the ports that the system gives to clients, so only a program that asks for
/// this very port could take it between; the server's refusal is reported then.
class free_port {
public:
    free_port(); ///< number() is 0 when all of them are taken

    [[nodiscard]] std::uint16_t number() const noexcept { return number_; }

private:
    base::descriptor claim_; ///< a name that one process has at a time; the system frees it
    std::uint16_t number_ = 0;
};

} // namespace drone::probe
