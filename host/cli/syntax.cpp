// SPDX-License-Identifier: MIT
#include "cli/syntax.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace drone::cli {

namespace {

/// The heading above them in the help of their own command.
constexpr const char* shared_options = "Options, of subcommands too";

} // namespace

bool is_shared(const CLI::Option& option) { return option.get_group() == shared_options; }

option_syntax option_syntax::required() {
    declared_->required();
    return *this;
}

option_syntax option_syntax::shows_default() {
    declared_->capture_default_str();
    return *this;
}

option_syntax option_syntax::takes(const std::string& value) {
    declared_->type_name(value);
    return *this;
}

option_syntax option_syntax::check(std::function<std::string(const std::string&)> problem_of) {
    declared_->check(std::move(problem_of));
    return *this;
}

option_syntax option_syntax::one_of(const std::vector<std::string>& words) {
    declared_->check(CLI::IsMember(words));
    return *this;
}

option_syntax option_syntax::within(double least, double most) {
    declared_->check(CLI::Range(least, most));
    return *this;
}

option_syntax option_syntax::needs(option_syntax other) {
    declared_->needs(other.declared_);
    return *this;
}

option_syntax option_syntax::excludes(option_syntax other) {
    declared_->excludes(other.declared_);
    return *this;
}

option_syntax option_syntax::once_each() {
    declared_->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    return *this;
}

option_syntax option_syntax::shared() {
    declared_->group(shared_options);
    return *this;
}

command_syntax command_syntax::add_subcommand(const std::string& name, const std::string& help) {
    return command_syntax(*declared_->add_subcommand(name, help));
}

option_syntax
command_syntax::add_option(const std::string& names, std::string& value, const std::string& help) {
    return option_syntax(*declared_->add_option(names, value, help));
}

option_syntax command_syntax::add_option(
    const std::string& names, std::optional<std::string>& value, const std::string& help
) {
    return option_syntax(*declared_->add_option(names, value, help));
}

option_syntax command_syntax::add_option(
    const std::string& names, std::vector<std::string>& values, const std::string& help
) {
    return option_syntax(*declared_->add_option(names, values, help));
}

option_syntax command_syntax::add_option(
    const std::string& names, std::uint32_t& value, const std::string& help
) {
    return option_syntax(*declared_->add_option(names, value, help));
}

option_syntax
command_syntax::add_option(const std::string& names, double& value, const std::string& help) {
    return option_syntax(*declared_->add_option(names, value, help));
}

option_syntax
command_syntax::add_flag(const std::string& names, bool& value, const std::string& help) {
    return option_syntax(*declared_->add_flag(names, value, help));
}

void command_syntax::require_subcommand() { declared_->require_subcommand(1); }

void command_syntax::take_shared_options(std::map<std::string, std::string> but) {
    const CLI::App* const above = declared_->get_parent();
    const CLI::App* const own = declared_;
    declared_->fallthrough();
    declared_->footer([above, own, but] {
        const auto taken = above->get_options([&](const CLI::Option* option) {
            const std::string name = option->get_name();
            return is_shared(*option) && !but.contains(name) &&
                   own->get_option_no_throw(name) == nullptr;
        });
        CLI::Formatter same;
        same.column_width(above->get_formatter()->get_column_width());
        return same.make_group(
            fmt::format("Options of `drone {}`", above->get_name()), false, taken
        );
    });
    declared_->parse_complete_callback([above, own, but] {
        for (const CLI::Option* const option : above->get_options()) {
            const auto refused = but.find(option->get_name());
            if (option->count() == 0 || (is_shared(*option) && refused == but.end())) continue;
            throw CLI::ArgumentMismatch(fmt::format(
                "{} is not for `drone {} {}`{}",
                option->get_name(),
                above->get_name(),
                own->get_name(),
                refused == but.end() ? "" : "; " + refused->second
            ));
        }
    });
}

void command_syntax::check(std::function<std::string()> problem) {
    declared_->callback([problem = std::move(problem)] {
        if (const std::string text = problem(); !text.empty()) throw CLI::ArgumentMismatch(text);
    });
}

} // namespace drone::cli
