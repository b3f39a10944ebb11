// SPDX-License-Identifier: MIT
#include "report/page/page.hpp"
#include "report/page/parts.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace drone::report {

namespace {

/// Names come from an ELF file: nothing in them may end the script that they are in.
std::string inside_a_script(const nlohmann::ordered_json& data) {
    const std::string json =
        data.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    std::string text;
    text.reserve(json.size() + json.size() / 64);
    for (const char c : json)
        if (c == '<')
            text += "\\u003c";
        else
            text += c;
    return text;
}

} // namespace

result<std::string> html(const page& p) {
    if (page_parts::before_data.empty())
        return fail(
            "this drone was built without uPlot, which draws the report; in its source tree, run "
            "`cmake/install-uplot build/uplot` and build again"
        );
    return fmt::format(
        "{}{}{}", page_parts::before_data, inside_a_script(page_data(p)), page_parts::after_data
    );
}

} // namespace drone::report
