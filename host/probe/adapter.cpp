// SPDX-License-Identifier: MIT
#include "probe/adapter.hpp"

#include "probe/tool_adapter.hpp"
#include "probe/virtual_board.hpp"

namespace drone::probe {

result<std::unique_ptr<adapter>>
open_adapter(const config::project& p, const std::filesystem::path& tools) {
    auto setup = make_setup(p);
    if (!setup) return std::unexpected(setup.error());
    if (setup->probe.kind == "virtual") return std::make_unique<virtual_board>(p, tools);
    return std::make_unique<tool_adapter>(*std::move(setup));
}

} // namespace drone::probe
