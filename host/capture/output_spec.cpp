// SPDX-License-Identifier: MIT
#include "capture/output_spec.hpp"

#include "base/sorted.hpp"
#include "capture/port_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace drone::capture {

namespace {

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Whether it was meant as a port: names of files rarely end so.
bool begins_as_number(std::string_view text) {
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    return is_number(text.substr(0, 1));
}

std::optional<std::uint8_t> port_number(std::string_view digits) {
    unsigned value = 0;
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (problem != std::errc{} || value >= port_count) return std::nullopt;
    return static_cast<std::uint8_t>(value);
}

} // namespace

result<output_spec> parse_output(const std::string& text) {
    output_spec spec{.path = text, .ports = {}};
    for (std::size_t colon = spec.path.rfind(':'); colon != std::string::npos;
         colon = spec.path.rfind(':')) {
        const std::string digits = spec.path.substr(colon + 1);
        if (!begins_as_number(digits) || digits.contains('/')) break;
        const auto port = is_number(digits) ? port_number(digits) : std::nullopt;
        if (!port) {
            return fail(fmt::format(
                "\"{}\": there is no port {}; ports are 0 to {}", text, digits, port_count - 1
            ));
        }
        spec.ports.push_back(*port);
        spec.path.resize(colon);
    }
    if (spec.path.ends_with(':') || text.empty()) {
        return fail(fmt::format(
            "\"{}\": a port number is missing; write [PATH][:PORT]..., such as trace:31", text
        ));
    }
    // Names that are more likely ports than files.
    if (is_number(text))
        return fail(
            fmt::format("\"{0}\": write :{0} for port {0}, ./{0} for a file of that name", text)
        );
    if (spec.path.starts_with(':'))
        return fail(fmt::format(
            "\"{0}\": \"{1}\" is not a port; ports are 0 to {2}, and ./{0} is a file of that name",
            text,
            spec.path.substr(1),
            port_count - 1
        ));
    base::sort_once(spec.ports);
    return spec;
}

result<std::vector<output_spec>> parse_outputs(const std::vector<std::string>& texts) {
    std::vector<output_spec> all;
    for (const std::string& text : texts) {
        auto spec = parse_output(text);
        if (!spec) return std::unexpected(spec.error());
        if (spec->path == "-") spec->path.clear();
        const auto same = std::ranges::find(all, spec->path, &output_spec::path);
        if (same == all.end()) {
            all.push_back(std::move(*spec));
        } else if (same->ports.empty() || spec->ports.empty()) {
            same->ports.clear();
        } else {
            same->ports.insert(same->ports.end(), spec->ports.begin(), spec->ports.end());
            base::sort_once(same->ports);
        }
    }
    return all;
}

} // namespace drone::capture
