// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

// CLI11 takes two seconds in each source that includes it: three do.
namespace CLI {
class App;
class Option;
} // namespace CLI

namespace drone::cli {

/// An option, a flag or a positional argument of a command, while it is declared. A handle, cheap to
/// copy: the command line owns what it names.
class option_syntax {
public:
    explicit option_syntax(CLI::Option& declared) noexcept : declared_(&declared) {}

    option_syntax required();
    /// The help names the value that it has when it is not given.
    option_syntax shows_default();
    /// What the help calls its value: "BYTES".
    option_syntax takes(const std::string& value);
    /// `problem_of` says what is wrong with a word; nothing if it is right.
    option_syntax check(std::function<std::string(const std::string&)> problem_of);
    option_syntax one_of(const std::vector<std::string>& words);
    option_syntax within(double least, double most);
    option_syntax needs(option_syntax other);
    option_syntax excludes(option_syntax other);
    /// One value each time that it is given.
    option_syntax once_each();

    /// Subcommands take it, too, if they call take_shared_options().
    option_syntax shared();

private:
    CLI::Option* declared_;
};

/// The words that a command takes, while they are declared. A handle, cheap to copy: the command line
/// owns what it names, and the variables that options write to must outlive the run.
class command_syntax {
public:
    explicit command_syntax(CLI::App& declared) noexcept : declared_(&declared) {}

    command_syntax add_subcommand(const std::string& name, const std::string& help);
    /// `names` is "-f,--file", or "FILE" for a positional argument.
    option_syntax add_option(const std::string& names, std::string& value, const std::string& help);
    option_syntax add_option(
        const std::string& names, std::optional<std::string>& value, const std::string& help
    );
    option_syntax
    add_option(const std::string& names, std::vector<std::string>& values, const std::string& help);
    option_syntax
    add_option(const std::string& names, std::uint32_t& value, const std::string& help);
    option_syntax add_option(const std::string& names, double& value, const std::string& help);
    option_syntax add_flag(const std::string& names, bool& value, const std::string& help);

    /// One of the subcommands must follow.
    void require_subcommand();
    /// The shared options of the command above may follow, too, and the help lists them. Those in
    /// `but` are refused, with the text that says what to do instead.
    void take_shared_options(std::map<std::string, std::string> but = {});
    /// `problem` says what is wrong with the options together; nothing if they are right.
    void check(std::function<std::string()> problem);

    /// For what reads the command line, or all that it may say.
    [[nodiscard]] CLI::App& declared() const noexcept { return *declared_; }

private:
    CLI::App* declared_;
};

/// Whether subcommands take it, too.
[[nodiscard]] bool is_shared(const CLI::Option& option);

} // namespace drone::cli
