// SPDX-License-Identifier: MIT
#pragma once

// Names of functions as a table shows them.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace drone::report {

/// `ns::f` of `int (anonymous namespace)::ns::f<long>(char)`, but with its template arguments.
[[nodiscard]] std::string bare_function_name(std::string_view written);

/// `std::vector::push_back` of `std::vector<int, std::allocator<int> >::push_back`.
[[nodiscard]] std::string without_template_arguments(std::string_view name);

/// Whether the function of a frame, `name at file:line`, is named so, with or without its namespaces
/// and classes; `*` and `?` allowed.
[[nodiscard]] bool is_named_like(const std::string& frame, const std::string& pattern);

/// The program's own functions of a caller, innermost first, without template arguments.
struct own_functions {
    std::vector<std::string> frames;
    std::size_t left_out = 0; ///< functions of libraries, and those that were to be skipped
};

/// `frames` are innermost first, each `name at file:line`. If all of them are a library's, the one that
/// is nearest to the program counts as its own.
[[nodiscard]] own_functions own_functions_of(
    const std::vector<std::string>& frames, const std::vector<std::string>& skipped = {}
);

/// A caller as one text: the program's own functions, innermost first, and how many of a library
/// were between them and the heap. `frames` are innermost first, each `name at file:line`.
[[nodiscard]] std::string folded(const std::vector<std::string>& frames);

} // namespace drone::report
