// SPDX-License-Identifier: MIT
#include "probe/adapter.hpp"

#include "probe/virtual_board.hpp"

namespace drone::probe {

result<std::unique_ptr<adapter>>
open_adapter(const config::project& p, const std::filesystem::path& tools) {
    const auto probe = config::require_probe(p);
    if (!probe) return std::unexpected(probe.error());
    // config/ refuses every kind but the ones it knows, and "virtual" is the one there is.
    return std::make_unique<virtual_board>(p, tools);
}

} // namespace drone::probe
