// SPDX-License-Identifier: MIT
#include "cli/man_page.hpp"

#include <drone/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace drone::cli {

namespace {

/// Text as roff takes it: what would begin a request or an escape does not.
std::string roff(std::string_view text) {
    std::string escaped = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
    for (const char c : text) {
        if (c == '\\')
            escaped += "\\e";
        else if (c == '-')
            escaped += "\\-";
        else
            escaped += c == '\n' ? ' ' : c;
    }
    return escaped;
}

std::string synopsis(const command_entry& command) {
    std::string text = fmt::format(".B {}\n", roff(full_name(command)));
    if (!command.subcommands.empty())
        text += "[\\fIOPTION\\fR]...\n\\fICOMMAND\\fR ...\n";
    else
        text += "[\\fIOPTION\\fR]...\n";
    for (const command_option& option : command.options)
        if (option.is_positional)
            text += fmt::format(
                "{}\\fI{}\\fR{}\n",
                option.is_required ? "" : "[",
                roff(option.names.front()),
                option.is_required ? "" : "]"
            );
    return text;
}

std::string option_entry(const command_option& option) {
    std::string names;
    for (const std::string& name : option.names)
        names += fmt::format(
            "{}\\f{}{}\\fR", names.empty() ? "" : ", ", option.is_positional ? 'I' : 'B', roff(name)
        );
    std::string choices;
    for (const std::string& choice : option.choices)
        choices += (choices.empty() ? " (" : ", ") + choice;
    if (!choices.empty()) choices += ")";
    const bool names_value = !option.is_positional && !option.value.empty();
    return fmt::format(
        ".TP\n{}{}\n{}{}\n",
        names,
        names_value ? fmt::format(" \\fI{}\\fR", roff(option.value)) : "",
        roff(option.description),
        roff(choices)
    );
}

} // namespace

std::string man_page(const command_entry& command) {
    std::string title = full_name(command, '-');
    std::ranges::transform(title, title.begin(), [](unsigned char c) {
        return static_cast<char>(std::toupper(c));
    });
    std::string page = fmt::format(
        ".TH {} 1 \"\" \"drone {}.{}.{}\" \"Drone for C++\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}",
        roff(title),
        DRONE_VERSION_MAJOR,
        DRONE_VERSION_MINOR,
        DRONE_VERSION_PATCH,
        roff(full_name(command, '-')),
        roff(command.description),
        synopsis(command)
    );
    if (!command.subcommands.empty()) page += ".SH COMMANDS\n";
    for (const command_entry& below : command.subcommands)
        page += fmt::format(
            ".TP\n\\fB{}\\fR\n{} See \\fB{}\\fR(1).\n",
            roff(below.path.back()),
            roff(below.description),
            roff(full_name(below, '-'))
        );
    page += ".SH OPTIONS\n";
    for (const command_option& option : command.options)
        page += option_entry(option);
    page += ".SH EXIT STATUS\n"
            ".TP\n0\nDone.\n"
            ".TP\n1\nIt could not be done. One line on standard error says what, where and what to "
            "do.\n"
            ".TP\n2\nWrong usage.\n";
    if (!command.path.empty()) page += ".SH SEE ALSO\n.BR drone (1)\n";
    return page;
}

} // namespace drone::cli
