// SPDX-License-Identifier: MIT
#include "cli/command_tree.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <sstream>

namespace drone::cli {

namespace {

/// CLI11 appends a list of choices to the type: "TEXT:{spread,none}".
void split_type(const std::string& type, command_option& into) {
    const std::size_t open = type.find('{');
    const std::size_t close = type.rfind('}');
    into.value = type.substr(0, std::min(type.find(':'), open));
    if (open == std::string::npos || close == std::string::npos) return;
    std::istringstream words(type.substr(open + 1, close - open - 1));
    for (std::string word; std::getline(words, word, ',');)
        into.choices.push_back(word);
}

command_option read_option(const CLI::Option& option) {
    command_option made{
        .names = {},
        .value = {},
        .description = option.get_description(),
        .choices = {},
        .is_positional = option.get_positional(),
        .is_required = option.get_required(),
    };
    if (option.get_items_expected_max() > 0) split_type(option.get_type_name(), made);
    if (made.is_positional) {
        made.names.push_back(option.get_name(true));
        return made;
    }
    for (const std::string& name : option.get_snames())
        made.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames())
        made.names.push_back("--" + name);
    return made;
}

void read_options(const CLI::App& command, bool only_shared, command_entry& into) {
    for (const CLI::Option* const option : command.get_options()) {
        if (option->get_group().empty()) continue; // hidden
        if (only_shared && !is_shared(*option)) continue;
        command_option made = read_option(*option);
        const bool known = std::ranges::any_of(into.options, [&](const command_option& one) {
            return one.names == made.names;
        });
        if (!known) into.options.push_back(std::move(made));
    }
}

command_entry read_command(const CLI::App& command, std::vector<std::string> path) {
    command_entry made{
        .path = std::move(path),
        .description = command.get_description(),
        .options = {},
        .subcommands = {},
    };
    read_options(command, false, made);
    for (const CLI::App* app = &command; app->get_fallthrough() && app->get_parent() != nullptr;
         app = app->get_parent())
        read_options(*app->get_parent(), true, made);
    for (const CLI::App* const below : command.get_subcommands({})) {
        auto name = made.path;
        name.push_back(below->get_name());
        made.subcommands.push_back(read_command(*below, std::move(name)));
    }
    return made;
}

void flatten(const command_entry& command, std::vector<const command_entry*>& into) {
    into.push_back(&command);
    for (const command_entry& below : command.subcommands)
        flatten(below, into);
}

} // namespace

command_entry read_commands(command_syntax root) { return read_command(root.declared(), {}); }

std::string full_name(const command_entry& command, char separator) {
    std::string name = "drone";
    for (const std::string& word : command.path)
        name += separator + word;
    return name;
}

std::vector<const command_entry*> flattened(const command_entry& root) {
    std::vector<const command_entry*> all;
    flatten(root, all);
    return all;
}

} // namespace drone::cli
