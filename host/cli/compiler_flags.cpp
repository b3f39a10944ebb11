// SPDX-License-Identifier: MIT
#include "cli/compiler_flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace drone::cli {

namespace {

struct cortex_m_core {
    std::string_view name;
    std::string_view fpu; ///< empty: none
};

constexpr std::array cores = {
    cortex_m_core{"cortex-m0", ""},
    cortex_m_core{"cortex-m0plus", ""},
    cortex_m_core{"cortex-m3", ""},
    cortex_m_core{"cortex-m4", "fpv4-sp-d16"},
    cortex_m_core{"cortex-m7", "fpv5-d16"},
    cortex_m_core{"cortex-m33", "fpv5-sp-d16"},
};

} // namespace

result<std::string> core_flags(std::string_view core, std::optional<config::fpu> unit) {
    const auto* const known = std::ranges::find(cores, core, &cortex_m_core::name);
    if (known == cores.end())
        return fail(fmt::format("the compiler flags for the core {} are not known", core));
    std::string_view fpu = known->fpu;
    if (unit == config::fpu::none) fpu = "";
    if (unit == config::fpu::single_precision && core == "cortex-m7") fpu = "fpv5-sp-d16";
    return fmt::format(
        "-mcpu={} -mthumb -ffunction-sections -fdata-sections {}",
        core,
        fpu.empty() ? "-mfloat-abi=soft" : fmt::format("-mfpu={} -mfloat-abi=hard", fpu)
    );
}

} // namespace drone::cli
