// SPDX-License-Identifier: MIT
#include "cli/command.hpp"
#include "cli/heap_inputs.hpp"

#include <memory>

namespace drone::cli {

void add_new(command_syntax parent, session& s);
void add_flash(command_syntax parent, session& s);
void add_log(command_syntax parent, session& s);
void add_probe(command_syntax parent, session& s);
void add_doctor(command_syntax parent, session& s);
command_syntax
add_heap(command_syntax parent, const std::shared_ptr<heap_options>& shared, session& s);
void add_generate(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_replay(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_diff(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_report(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_export(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_summarise(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_watch(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_fleet(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_verdict(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_print(command_syntax parent, session& s);

void add_commands(command_syntax root, session& s) {
    add_new(root, s);
    add_flash(root, s);
    add_log(root, s);
    add_probe(root, s);
    add_doctor(root, s);
    const auto shared = std::make_shared<heap_options>();
    const command_syntax heap = add_heap(root, shared, s);
    add_generate(heap, shared, s);
    add_replay(heap, shared, s);
    add_diff(heap, shared, s);
    add_report(heap, shared, s);
    add_export(heap, shared, s);
    add_summarise(heap, shared, s);
    add_watch(heap, shared, s);
    add_fleet(heap, shared, s);
    add_verdict(heap, shared, s);
    add_print(root, s);
}

} // namespace drone::cli
