// SPDX-License-Identifier: MIT
#include "cli/syntax.hpp"

#include <CLI/CLI.hpp>

#include <utility>

namespace drone::cli {

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

bool option_syntax::is_given() const { return declared_->count() != 0; }

std::string option_syntax::name() const { return declared_->get_name(); }

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

void command_syntax::fallthrough() { declared_->fallthrough(); }

void command_syntax::check(std::function<std::string()> problem) {
    declared_->callback([problem = std::move(problem)] {
        if (const std::string text = problem(); !text.empty()) throw CLI::ArgumentMismatch(text);
    });
}

std::string command_syntax::given_subcommand() const {
    const auto given = declared_->get_subcommands();
    return given.empty() ? std::string() : given.front()->get_name();
}

bool command_syntax::is_given(const std::string& option) const {
    return declared_->get_option(option)->count() != 0;
}

} // namespace drone::cli
