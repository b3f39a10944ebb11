// SPDX-License-Identifier: MIT
#include "cli/command.hpp"
#include "cli/heap_inputs.hpp"

#include <memory>

namespace drone::cli {

void add_new(CLI::App& parent, session& s);
void add_flash(CLI::App& parent, session& s);
void add_log(CLI::App& parent, session& s);
void add_probe(CLI::App& parent, session& s);
void add_doctor(CLI::App& parent, session& s);
CLI::App& add_heap(CLI::App& parent, const std::shared_ptr<heap_options>& shared, session& s);
void add_generate(CLI::App& heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_replay(CLI::App& heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_diff(CLI::App& heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_report(CLI::App& heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_export(CLI::App& heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_summarise(CLI::App& heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_watch(CLI::App& heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_fleet(CLI::App& heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_verdict(CLI::App& heap, const std::shared_ptr<heap_options>& shared, session& s);
void add_print(CLI::App& parent, session& s);

void add_commands(CLI::App& root, session& s) {
    add_new(root, s);
    add_flash(root, s);
    add_log(root, s);
    add_probe(root, s);
    add_doctor(root, s);
    const auto shared = std::make_shared<heap_options>();
    CLI::App& heap = add_heap(root, shared, s);
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
