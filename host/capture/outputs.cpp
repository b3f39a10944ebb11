// SPDX-License-Identifier: MIT
#include "capture/outputs.hpp"

#include "capture/heap_trace_writer.hpp"
#include "capture/packet_list.hpp"
#include "capture/port_bytes.hpp"
#include "capture/text_only.hpp"
#include "capture/timed_lines.hpp"
#include "capture/unasked.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <poll.h>
#include <sys/stat.h>
#include <utility>

namespace drone::capture {

namespace {

/// How often a FIFO is looked at for a reader; nothing says when one comes.
constexpr int reader_period_ms = 100;

void wait_for_reader(
    output& fifo, const stop_signal& stop, const std::function<void(std::string_view)>& notice
) {
    if (!fifo.lacks_reader()) return;
    notice(fmt::format("{} is a FIFO that nobody reads yet; waiting for a reader", fifo.name()));
    while (fifo.lacks_reader() && !stop.requested()) {
        pollfd asked{.fd = stop.descriptor(), .events = POLLIN, .revents = 0};
        ::poll(&asked, 1, reader_period_ms);
        fifo.reopen();
    }
    if (fifo.lacks_reader()) fifo.give_up();
}

port_set set_of(const output_spec& spec) {
    port_set ports;
    if (spec.ports.empty()) return ports.set();
    for (const std::uint8_t port : spec.ports)
        ports.set(port);
    return ports;
}

bool is_heap_trace(const port_set& ports) {
    return ports.count() == 1 && ports.test(heap_trace_port);
}

/// The sink that fills one output.
std::unique_ptr<sink> make_sink(const wishes& what, const output_spec& spec, output to) {
    const port_set ports = set_of(spec);
    if (what.packets && spec.path.empty()) {
        using style = packet_list::style;
        const auto of = spec.ports.empty() ? std::nullopt : std::optional(ports);
        return std::make_unique<packet_list>(
            what.json ? style::json : style::text, std::move(to), of
        );
    }
    if (is_heap_trace(ports))
        return std::make_unique<heap_trace_writer>(heap_trace_port, std::move(to));
    to.begin();
    std::unique_ptr<sink> made;
    if (what.timed)
        made = std::make_unique<timed_lines>(ports, std::move(to), what.core_clock);
    else
        made = std::make_unique<port_bytes>(ports, std::move(to));
    if (what.for_a_terminal && spec.path.empty() && spec.ports.empty())
        return std::make_unique<text_only>(std::move(made));
    return made;
}

} // namespace

result<void> distinct_files::check(int descriptor, const std::string& name) const {
    struct stat status{};
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return {};
    for (const file& other : files_) {
        if (other.device != status.st_dev || other.inode != status.st_ino) continue;
        return fail(fmt::format(
            "{} and {} are the same file; name another file for one of them", other.name, name
        ));
    }
    return {};
}

result<void> distinct_files::add(int descriptor, const std::string& name) {
    if (auto distinct = check(descriptor, name); !distinct) return distinct;
    struct stat status{};
    if (::fstat(descriptor, &status) == 0)
        files_.push_back({.device = status.st_dev, .inode = status.st_ino, .name = name});
    return {};
}

result<std::unique_ptr<sink>> open_outputs(
    const wishes& what,
    distinct_files& files,
    const stop_signal& stop,
    const std::function<void(std::string_view)>& notice
) {
    std::vector<output_spec> specs = what.outputs;
    const bool shown = std::ranges::any_of(specs, &std::string::empty, &output_spec::path);
    if (specs.empty() || (what.packets && !shown)) specs.push_back({});
    std::vector<output> opened;
    opened.reserve(specs.size());
    for (const output_spec& spec : specs) {
        output& one = opened.emplace_back(spec.path, stop.descriptor());
        wait_for_reader(one, stop, notice);
        if (one.failed()) continue;
        if (auto distinct = files.add(one.descriptor(), one.name()); !distinct)
            return std::unexpected(distinct.error());
    }
    auto all = std::make_unique<fan_out>();
    port_set asked;
    for (std::size_t i = 0; i < specs.size(); ++i) {
        asked |= set_of(specs[i]);
        all->add(make_sink(what, specs[i], std::move(opened[i])));
    }
    all->add(std::make_unique<unasked>(asked, "packets that are not in any output"));
    return all;
}

} // namespace drone::capture
