// SPDX-License-Identifier: MIT
#include "cli/command.hpp"

namespace drone::cli {

void add_new(CLI::App& parent, session& s);
void add_flash(CLI::App& parent, session& s);
void add_log(CLI::App& parent, session& s);
void add_heap(CLI::App& parent, session& s);
void add_generate(CLI::App& parent, session& s);
void add_replay(CLI::App& parent, session& s);
void add_print(CLI::App& parent, session& s);

void add_commands(CLI::App& root, session& s) {
    add_new(root, s);
    add_flash(root, s);
    add_log(root, s);
    add_heap(root, s);
    CLI::App& heap = *root.get_subcommand("heap");
    add_generate(heap, s);
    add_replay(heap, s);
    add_print(root, s);
}

} // namespace drone::cli
