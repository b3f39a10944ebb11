// SPDX-License-Identifier: MIT

#include "trace/read.hpp"

#include "trace/formats/allocation_log.hpp"
#include "trace/formats/drone_records.hpp"
#include "trace/formats/heaptrack.hpp"
#include "trace/formats/native/native.hpp"

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
    };
    return names[static_cast<std::size_t>(f)];
}

namespace {

std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
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

std::optional<format>
recognise(const std::optional<ring_trace>& ring, std::span<const std::byte> bytes) {
    if (ring) return format::native;
    if (is_heaptrack(as_text(bytes)))
        return is_raw_heaptrack(as_text(bytes)) ? format::heaptrack_raw : format::heaptrack;
    if (looks_like_text(bytes) && is_allocation_log(as_text(bytes))) return format::allocation_log;
    if (find_announcement(bytes)) return format::native;
    if (is_drone_0_14(bytes)) return format::drone_0_14;
    if (is_drone_2022(bytes)) return format::drone_2022;
    return std::nullopt;
}

std::unexpected<error> was_cut(const std::filesystem::path& path) {
    return fail(
        fmt::format(
            "{}: was cut while it was read; read it again when its capture has ended", path.string()
        ),
        error_kind::changed
    );
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
            "{}: is empty: the capture held nothing for port 31; check that the heap's trace port "
            "is "
            "switched on in the firmware and that the capture ran while it allocated",
            path.string()
        ));
    auto dumped = read_ring(file->bytes());
    if (!dumped) return fail(fmt::format("{}: {}", path.string(), dumped.error().message));
    std::optional<ring_trace> ring = *std::move(dumped);
    const std::span<const std::byte> bytes = ring ? ring->words : file->bytes();
    const auto known = recognise(ring, bytes);
    if (file->was_cut()) return was_cut(path);
    if (!known)
        return fail(fmt::format(
            "{}: is no heap trace; known are native traces (with at least one whole announcement "
            "of "
            "the heap), memory dumps with a RAM ring, Drone 0.14, Drone 2022, heaptrack and "
            "allocation logs",
            path.string()
        ));
    if (*known == format::native)
        if (const auto said = find_announcement(bytes); said && said->version > wire::version)
            return fail(fmt::format(
                "{}: is a native trace of version {}, and this drone reads up to {}; read it with "
                "the drone that the firmware was built with",
                path.string(),
                said->version,
                wire::version
            ));
    return source(path, std::move(*file), std::move(ring), *known);
}

result<findings> source::read(sink& to) const {
    const auto bytes = this->bytes();
    findings found;
    switch (format_) {
    case format::native: {
        const auto announcement = find_announcement(bytes);
        if (!announcement) return was_cut(path_);
        found = read_native(bytes, *announcement, to, [&](std::size_t end) {
            if (!ring_) file_.release(end);
        });
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
    case format::heaptrack:
        found = read_heaptrack(as_text(bytes), to);
        break;
    case format::heaptrack_raw:
        found = read_raw_heaptrack(as_text(bytes), to);
        break;
    }
    if (file_.was_cut()) return was_cut(path_);
    if (ring_) found.notices.push_back(ring_->notice);
    if (file_.is_incomplete())
        found.notices.emplace_back(
            "The compressed file is cut or damaged: what could be unpacked was read."
        );
    return found;
}

} // namespace drone::trace
