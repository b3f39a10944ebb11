// SPDX-License-Identifier: MIT

// drone heap summarise: what a layout needs to know of runs, in a few kilobytes.

#include "base/counted.hpp"
#include "base/file.hpp"
#include "cli/command.hpp"
#include "cli/heap_inputs.hpp"
#include "cli/say.hpp"
#include "layout/summary.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace drone::cli {

namespace {

result<int> write_summary(const heap_options& shared, const std::string& output) {
    const auto inputs = read_heap_inputs(shared);
    if (!inputs) return std::unexpected(inputs.error());
    if (const auto apart = keep_apart(output, inputs->files); !apart)
        return std::unexpected(apart.error());
    if (std::ranges::all_of(inputs->runs, [](const auto& run) { return run.steps.empty(); }))
        return fail("nothing was ever allocated in these traces; there is nothing to summarise");
    const auto made = layout::summarise(inputs->runs, inputs->size);
    if (!made) return std::unexpected(made.error());
    std::set<std::uint32_t> all;
    for (const trace::findings& found : inputs->found)
        all.insert(found.identities.begin(), found.identities.end());
    const std::vector<std::uint32_t> builds(all.begin(), all.end());
    const std::string text = layout::to_lines(*made, builds);
    if (made->left_out != 0)
        say("{} of {} failed requests: larger than the heap, and left out\n",
            made->left_out,
            made->failed);
    if (output == "-") {
        show_text(text);
        return 0;
    }
    if (const auto written = base::replace_file(output, text); !written)
        return std::unexpected(written.error());
    say("{}: {} of {} as {}, {}\n",
        output,
        base::counted(made->events, "event"),
        base::counted(made->runs, "run"),
        base::counted(made->moments.size(), "moment"),
        base::counted(text.size(), "byte"));
    return 0;
}

} // namespace

void add_summarise(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s) {
    const auto output = std::make_shared<std::string>();
    command_syntax command = heap.add_subcommand(
        "summarise", "What a layout needs to know of the runs, in a small file"
    );
    command.take_shared_options({{"--json", "what it writes has one form"}});
    command.add_option("-o,--output", *output, "The file to write; - is standard output")
        .required();
    s.on(command, [shared, output] { return write_summary(*shared, *output); });
}

} // namespace drone::cli
