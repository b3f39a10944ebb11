// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

/// A page without its data. CMake puts it together from template.html, page.css, the scripts of this
/// folder and uPlot.
namespace drone::report::page_parts {

extern const std::string_view before_data; ///< empty: without uPlot there is no page
extern const std::string_view after_data;

} // namespace drone::report::page_parts
