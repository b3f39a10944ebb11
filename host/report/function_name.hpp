// SPDX-License-Identifier: MIT
#pragma once

// Names of functions as a table shows them.

#include <string>
#include <string_view>
#include <vector>

namespace drone::report {

/// `ns::f` of `int (anonymous namespace)::ns::f<long>(char)`, but with its template arguments.
[[nodiscard]] std::string bare_function_name(std::string_view written);

/// `std::vector::push_back` of `std::vector<int, std::allocator<int> >::push_back`.
[[nodiscard]] std::string without_template_arguments(std::string_view name);

/// A caller as one text: the program's own functions, innermost first, and how many of a library
/// were between them and the heap. `frames` are innermost first, each `name at file:line`.
[[nodiscard]] std::string folded(const std::vector<std::string>& frames);

} // namespace drone::report
