// SPDX-License-Identifier: MIT
#include "cli/completion.hpp"

#include <fmt/format.h>

namespace drone::cli {

namespace {

// In all three shells a place is the words of its command, a blank before each: " heap generate".

std::string place(const command_entry& command) {
    std::string name;
    for (const std::string& word : command.path)
        name += " " + word;
    return name;
}

/// In single quotes, as all three shells read it. Descriptions hold none of their own.
std::string in_quotes(std::string_view text) {
    std::string made = "'";
    for (const char c : text)
        if (c != '\'' && c != '\n') made += c;
    return made + "'";
}

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, " "));
}

/// `case` of a shell that finds the place: every command under another.
std::string places_pattern(const std::vector<const command_entry*>& commands) {
    std::string pattern;
    for (const command_entry* const command : commands)
        if (!command->path.empty())
            pattern += (pattern.empty() ? "" : "|") + in_quotes(place(*command));
    return pattern;
}

/// Calls `on(place, option)` for every option whose values are a list.
template <class On>
void for_each_choice(const std::vector<const command_entry*>& commands, On on) {
    for (const command_entry* const command : commands)
        for (const command_option& option : command->options)
            if (!option.choices.empty() && !option.is_positional) on(place(*command), option);
}

/// `'PLACE NAME'|...`, what is before a value.
std::string before_value(const std::string& at, const command_option& option) {
    std::string pattern;
    for (const std::string& name : option.names)
        pattern += fmt::format(
            "{}{}", pattern.empty() ? "" : "|", in_quotes(fmt::format("{} {}", at, name))
        );
    return pattern;
}

} // namespace

std::string bash_completion(const command_entry& root) {
    const auto commands = flattened(root);
    std::string values;
    for_each_choice(commands, [&](const std::string& at, const command_option& option) {
        values += fmt::format(
            "    {}) words={} ;;\n", before_value(at, option), in_quotes(joined(option.choices))
        );
    });
    std::string words;
    for (const command_entry* const command : commands) {
        std::vector<std::string> known;
        known.reserve(command->subcommands.size());
        for (const command_entry& below : command->subcommands)
            known.push_back(below.path.back());
        for (const command_option& option : command->options)
            if (option.is_positional)
                known.insert(known.end(), option.choices.begin(), option.choices.end());
            else
                known.insert(known.end(), option.names.begin(), option.names.end());
        words += fmt::format(
            "        {}) words={} ;;\n", in_quotes(place(*command)), in_quotes(joined(known))
        );
    }
    return fmt::format(
        "# Completion of drone for bash; made by `drone print completion bash`.\n"
        "_drone() {{\n"
        "    local at= word words=\n"
        "    for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n"
        "        case \"$at $word\" in\n"
        "        {}) at=\"$at $word\" ;;\n"
        "        esac\n"
        "    done\n"
        "    case \"$at ${{COMP_WORDS[COMP_CWORD-1]}}\" in\n"
        "{}"
        "    *)\n"
        "        case \"$at\" in\n"
        "{}"
        "        esac\n"
        "        ;;\n"
        "    esac\n"
        "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\")\n"
        "}}\n"
        "complete -o default -F _drone drone\n",
        places_pattern(commands),
        values,
        words
    );
}

std::string zsh_completion(const command_entry& root) {
    const auto commands = flattened(root);
    std::string values;
    for_each_choice(commands, [&](const std::string& at, const command_option& option) {
        values += fmt::format(
            "    ({}) compadd {}; return ;;\n", before_value(at, option), joined(option.choices)
        );
    });
    const auto described = [](const std::string& name, const std::string& description) {
        std::string escaped;
        for (const char c : description)
            c == ':' ? escaped.append("\\:") : escaped.append(1, c);
        return " " + in_quotes(name + ":" + escaped);
    };
    std::string words;
    for (const command_entry* const command : commands) {
        std::string entries;
        for (const command_entry& below : command->subcommands)
            entries += described(below.path.back(), below.description);
        for (const command_option& option : command->options)
            for (const std::string& name : option.is_positional ? option.choices : option.names)
                entries += described(name, option.description);
        words += fmt::format("    ({}) entries=({}) ;;\n", in_quotes(place(*command)), entries);
    }
    return fmt::format(
        "#compdef drone\n"
        "# Completion of drone for zsh; made by `drone print completion zsh`.\n"
        "local at= word\n"
        "local -a entries\n"
        "for word in \"${{(@)words[2,CURRENT-1]}}\"; do\n"
        "    case \"$at $word\" in\n"
        "    ({}) at=\"$at $word\" ;;\n"
        "    esac\n"
        "done\n"
        "case \"$at ${{words[CURRENT-1]}}\" in\n"
        "{}"
        "esac\n"
        "case \"$at\" in\n"
        "{}"
        "esac\n"
        "_describe drone entries\n"
        "_files\n",
        places_pattern(commands),
        values,
        words
    );
}

std::string fish_completion(const command_entry& root) {
    const auto commands = flattened(root);
    std::string places;
    std::string entries;
    for (const command_entry* const command : commands) {
        const std::string at = place(*command);
        if (!at.empty()) places += " " + in_quotes(at);
        const std::string when = fmt::format("complete -c drone -n \"__drone_at '{}'\"", at);
        for (const command_entry& below : command->subcommands)
            entries += fmt::format(
                "{} -a {} -d {}\n", when, in_quotes(below.path.back()), in_quotes(below.description)
            );
        for (const command_option& option : command->options) {
            if (option.is_positional) {
                if (!option.choices.empty())
                    entries += fmt::format("{} -a {}\n", when, in_quotes(joined(option.choices)));
                continue;
            }
            std::string names;
            for (const std::string& name : option.names)
                names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            std::string value;
            if (!option.choices.empty())
                value = fmt::format(" -x -a {}", in_quotes(joined(option.choices)));
            else if (!option.value.empty())
                value = " -r";
            entries +=
                fmt::format("{}{}{} -d {}\n", when, names, value, in_quotes(option.description));
        }
    }
    return fmt::format(
        "# Completion of drone for fish; made by `drone print completion fish`.\n"
        "function __drone_at\n"
        "    set -l at ''\n"
        "    for word in (commandline -opc)[2..-1]\n"
        "        if contains -- \"$at $word\"{}\n"
        "            set at \"$at $word\"\n"
        "        end\n"
        "    end\n"
        "    test \"$at\" = \"$argv[1]\"\n"
        "end\n"
        "{}",
        places,
        entries
    );
}

} // namespace drone::cli
