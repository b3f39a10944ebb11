// SPDX-License-Identifier: MIT

// drone heap export: a run in the formats of other tools.

#include "report/export.hpp"

#include "base/errno.hpp"
#include "cli/command.hpp"
#include "cli/heap_inputs.hpp"
#include "cli/read_report.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <unistd.h>

namespace drone::cli {

namespace {

struct export_options {
    std::string format;
    std::string output;
    std::string elf;
    bool anonymise = false;
};

result<void>
write_to_file(const report::exported_run& of, const std::string& format, const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
        std::fopen(path.c_str(), "wb"), std::fclose
    );
    if (!file) return fail(fmt::format("{}: {}", path, base::errno_text(errno)));
    return report::write_export(of, format, file.get(), path);
}

result<int> export_run(const heap_options& shared, const export_options& options) {
    const auto inputs = find_heap(shared);
    if (!inputs) return std::unexpected(inputs.error());
    const bool to_file = !options.output.empty() && options.output != "-";
    if (!to_file && report::is_binary(options.format) && ::isatty(STDOUT_FILENO) == 1)
        return fail(fmt::format("{} is not text; write it to a file with -o", options.format));
    if (const auto apart = keep_apart(options.output, inputs->files); !apart)
        return std::unexpected(apart.error());
    const auto source = open_trace(inputs->files.front(), shared);
    if (!source) return std::unexpected(source.error());
    report::heap_report r;
    r.core_clock = inputs->core_clock;
    if (const auto read = read_run(*source, *inputs, true, false, r); !read)
        return std::unexpected(read.error());
    if (!options.anonymise || !options.elf.empty())
        if (const auto named = name_callers(*inputs, options.elf, true, r); !named)
            return std::unexpected(named.error());
    const report::exported_run of(*source, r, options.anonymise);
    const auto written = to_file
                             ? write_to_file(of, options.format, options.output)
                             : report::write_export(of, options.format, stdout, "standard output");
    if (!written) return std::unexpected(written.error());
    return 0;
}

} // namespace

void add_export(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s) {
    const auto options = std::make_shared<export_options>();
    command_syntax command = heap.add_subcommand("export", "A run in the format of another tool");
    command.take_shared_options({{"--json", "what it writes has one form"}});
    command.add_option("--as", options->format, "The format")
        .required()
        .one_of(report::export_formats());
    command.add_option(
        "-o,--output", options->output, "The file to write; default: standard output"
    );
    command.add_option("--elf", options->elf, "The firmware, whose functions name the callers");
    command.add_flag(
        "--anonymise",
        options->anonymise,
        "Number functions and callers instead of naming them; sizes and order stay"
    );
    command.check([shared]() -> std::string {
        return is_one_run(*shared) ? "" : "an export is of one run; name one trace with -f";
    });
    s.on(command, [shared, options] { return export_run(*shared, *options); });
}

} // namespace drone::cli
