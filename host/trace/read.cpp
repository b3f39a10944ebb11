// SPDX-License-Identifier: MIT

#include "trace/read.hpp"

#include "base/printable.hpp"
#include "base/shell.hpp"
#include "stream/likeness.hpp"
#include "trace/formats/allocation_log.hpp"
#include "trace/formats/demand_summary.hpp"
#include "trace/formats/drone_records.hpp"
#include "trace/formats/heaptrack.hpp"
#include "trace/formats/native/native.hpp"
#include "trace/raw_capture.hpp"
#include "trace/without_overhead.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace drone::trace {

std::string_view name(format f) {
    constexpr std::array names{
        "native",
        "Drone 0.14",
        "Drone 2022",
        "heaptrack",
        "heaptrack, raw",
        "allocation log",
        "demand",
    };
    return names[static_cast<std::size_t>(f)];
}

std::string_view left_open(format f) {
    switch (f) {
    case format::native:
        return "which allocations moved a block that was resized";
    case format::drone_0_14:
    case format::drone_2022:
    case format::heaptrack:
        return "which block of a size is given back";
    case format::demand_summary:
        return "the order of events";
    case format::heaptrack_raw:
    case format::allocation_log:
        break;
    }
    return {};
}

namespace {

constexpr unsigned usual_port = 31; // of a heap trace

/// Without the mark that some editors put in front of it.
std::string_view as_text(std::span<const std::byte> bytes) {
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

bool looks_like_text(std::span<const std::byte> bytes) {
    return std::ranges::none_of(
        bytes.first(std::min<std::size_t>(bytes.size(), 4096)),
        [](std::byte b) {
            const auto c = std::to_integer<unsigned>(b);
            return c < 0x20 && c != '\n' && c != '\r' && c != '\t';
        }
    );
}

/// What the bytes are; the first announcement in them where they are native.
struct recognised {
    trace::format format;
    std::optional<announced_trace> announced = {};
};

std::optional<recognised>
recognise(const std::optional<ring_trace>& ring, std::span<const std::byte> bytes) {
    if (ring) return recognised{format::native, find_announcement(bytes)};
    if (is_heaptrack(as_text(bytes)))
        return recognised{
            is_raw_heaptrack(as_text(bytes)) ? format::heaptrack_raw : format::heaptrack
        };
    if (demand_summary_version(as_text(bytes))) return recognised{format::demand_summary};
    if (looks_like_text(bytes) && look_at_allocation_log(as_text(bytes)).is_log())
        return recognised{format::allocation_log};
    if (auto announced = find_announcement(bytes))
        return recognised{format::native, std::move(announced)};
    if (is_drone_0_14(bytes)) return recognised{format::drone_0_14};
    if (is_drone_2022(bytes)) return recognised{format::drone_2022};
    return std::nullopt;
}

std::unexpected<error> was_cut(const std::filesystem::path& path) {
    return fail(
        fmt::format(
            "{}: became shorter while it was read; read it again when the capture has ended",
            path.string()
        ),
        error_kind::changed
    );
}

bool is_elf(std::span<const std::byte> bytes) {
    return as_text(bytes.first(std::min<std::size_t>(bytes.size(), 4))) == "\x7F"
                                                                           "ELF";
}

std::unexpected<error>
is_raw_capture(const std::filesystem::path& path, const raw_capture& capture) {
    const bool bare = capture.format.how == stream::framing::swo;
    return fail(fmt::format(
        "{}: this is a raw {}; unpack the heap's port first: `drone log --input {}{} heaptrace:{}`, then "
        "`drone heap -f heaptrace`",
        path.string(),
        bare ? "SWO capture" : "capture of " + in_words(capture.format),
        base::shell_word(path.string()),
        bare ? "" : " --format " + spelling(capture.format),
        capture.port.value_or(usual_port)
    ));
}

/// What the file is, if it is something that users have at hand and name by mistake.
result<void>
refuse_what_is_no_trace(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    if (is_elf(bytes))
        return fail(fmt::format(
            "{}: is an ELF file, not a trace; name a trace with -f, and its firmware with --elf",
            path.string()
        ));
    if (const auto capture = find_raw_capture(bytes)) return is_raw_capture(path, *capture);
    if (const auto version = heaptrack_file_version(as_text(bytes));
        version && *version > newest_heaptrack_file)
        return fail(fmt::format(
            "{}: this is a heaptrack file of version {:x}, and this drone reads versions up to {}; "
            "record it with heaptrack 1.5 or older",
            path.string(),
            *version,
            newest_heaptrack_file
        ));
    if (const auto version = demand_summary_version(as_text(bytes));
        version && *version > newest_demand_summary)
        return fail(fmt::format(
            "{}: is a summary of version {}, and this drone reads versions up to {}; use a newer drone",
            path.string(),
            *version,
            newest_demand_summary
        ));
    return {};
}

/// What a file that has no mark of a format is instead, as far as can be seen.
result<recognised> recognised_or_refused(
    const std::filesystem::path& path,
    std::span<const std::byte> bytes,
    std::optional<recognised> known
) {
    // The older formats have no mark either: only a capture that announces a heap is surely none of
    // them.
    const bool is_sure =
        known && known->format != format::drone_0_14 && known->format != format::drone_2022;
    if (is_sure) return *std::move(known);
    if (!known && looks_like_text(bytes))
        if (const auto look = look_at_allocation_log(as_text(bytes)); look.others != 0)
            return fail(fmt::format(
                "{}:{}: \"{}\" is not an event of an allocation log (a ID SIZE, f ID, r ID SIZE, t "
                "MICROSECONDS), and the file is not another kind of trace; name a trace with -f",
                path.string(),
                look.first_other,
                base::first_characters(look.first_other_text, 40)
            ));
    if (!known)
        if (const auto version = find_newer_version(bytes))
            return fail(fmt::format(
                "{}: is a native trace of version {}, and this drone reads versions up to {}; use "
                "the drone "
                "that the firmware was built with",
                path.string(),
                *version,
                wire::version
            ));
    const auto capture = guess_raw_capture(bytes);
    if (capture && (!known || capture->port)) return is_raw_capture(path, *capture);
    if (known) return *std::move(known);
    return fail(fmt::format(
        "{0}: this is not a heap trace. Known are native traces (with at least one whole "
        "announcement of the heap), memory dumps with a RAM ring, Drone 0.14, Drone 2022, "
        "heaptrack, and allocation logs. If it is a raw capture, unpack it: `drone log --input "
        "{1} heaptrace:{2}`",
        path.string(),
        base::shell_word(path.string()),
        usual_port
    ));
}

/// Nothing that rests on less than half of a file is worth printing.
result<void> refuse_mostly_damaged(const std::filesystem::path& path, const findings& found) {
    constexpr std::uint64_t few = 8;
    if (found.damaged < few || found.damaged <= found.events) return {};
    return fail(fmt::format(
        "{}: {} damaged records, and only {} good ones: most of the file is not a trace of format {}; "
        "check the port and the baud rate of the capture, and capture again",
        path.string(),
        found.damaged,
        found.events,
        name(found.format)
    ));
}

} // namespace

result<source> source::open(const std::filesystem::path& path) {
    auto file = base::file_bytes::open(path);
    if (!file && file.error().kind == error_kind::missing)
        return fail(
            fmt::format(
                "{}: no such file; `just heaptrace` makes one, -f FILE names another", path.string()
            ),
            error_kind::missing
        );
    if (!file) return std::unexpected(file.error());
    if (file->bytes().empty())
        return fail(fmt::format(
            "{}: is empty: the capture has nothing from port 31; check that the firmware traces "
            "its heap, and that it allocated during the capture",
            path.string()
        ));
    auto dumped = read_ring(file->bytes());
    if (!dumped || !*dumped)
        if (const auto good = refuse_what_is_no_trace(path, file->bytes()); !good)
            return std::unexpected(good.error());
    if (!dumped) return fail(fmt::format("{}: {}", path.string(), dumped.error().message));
    std::optional<ring_trace> ring = *std::move(dumped);
    const std::span<const std::byte> bytes = ring ? ring->words : file->bytes();
    auto found = recognise(ring, bytes);
    if (file->was_cut()) return was_cut(path);
    auto known = recognised_or_refused(path, bytes, std::move(found));
    if (!known) return std::unexpected(known.error());
    return source(
        path, std::move(*file), std::move(ring), known->format, std::move(known->announced)
    );
}

result<findings> source::read(sink& to) const {
    if (overhead_ == 0) return read_as_written(to);
    without_overhead less(to, overhead_);
    return read_as_written(less);
}

result<findings> source::read_as_written(sink& to) const {
    const auto bytes = this->bytes();
    findings found;
    switch (format_) {
    case format::native: {
        if (!announced_) return was_cut(path_);
        found = read_native(bytes, *announced_, to, [&](std::size_t end) {
            if (!ring_) file_.release(end);
            if (told_) told_(static_cast<double>(end) / static_cast<double>(bytes.size()));
        });
        if (told_) told_(1);
        break;
    }
    case format::drone_0_14:
        found = read_drone_0_14(bytes, to);
        break;
    case format::drone_2022:
        found = read_drone_2022(bytes, to);
        break;
    case format::allocation_log:
        found = read_allocation_log(as_text(bytes), to);
        break;
    case format::demand_summary:
        found = read_demand_summary(as_text(bytes), to);
        break;
    case format::heaptrack:
        found = read_heaptrack(as_text(bytes), to);
        break;
    case format::heaptrack_raw:
        found = read_raw_heaptrack(as_text(bytes), to);
        break;
    }
    if (file_.was_cut()) return was_cut(path_);
    if (const auto good = refuse_mostly_damaged(path_, found); !good)
        return std::unexpected(good.error());
    if (ring_) found.notices.push_back(ring_->notice);
    if (file_.is_incomplete())
        found.notices.emplace_back(
            "The compressed file is cut off or damaged. The part that can be unpacked was read."
        );
    return found;
}

} // namespace drone::trace
