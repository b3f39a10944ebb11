// SPDX-License-Identifier: MIT
#include "capture/heap_trace_writer.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace drone::capture {

namespace {

constexpr std::size_t word_size = 4;

bool begins_native_trace(std::uint32_t bits) {
    const wire::word word{bits};
    if (word.op() != wire::operation::control || word.as_control() != wire::control::begin)
        return false;
    const wire::announced_heap heap = wire::decode_begin(word);
    const bool can_be =
        heap.version == 1 ? heap.pool_count >= 1 && heap.alignment >= 4 : heap.alignment <= 4096;
    return heap.version >= 1 && heap.version <= 15 && can_be;
}

} // namespace

void heap_trace_writer::on_packet(const stream::located_packet& found) {
    if (const auto* written = std::get_if<stream::software>(&found.value)) {
        if (is_ours(*written, found.tentative)) payload(*written, found.time);
    } else if (std::holds_alternative<stream::overflow>(found.value)) {
        lost_.any = lost_.overflow = true;
    } else if (const auto* bad = std::get_if<stream::malformed>(&found.value)) {
        // A packet that the end of the capture cut is not a loss: nothing was to follow.
        if (bad->what == stream::defect::truncated) return;
        lost_.any = true;
        lost_.malformed += bad->length;
    } else if (const auto* gone = std::get_if<stream::missing>(&found.value)) {
        lost_.any = lost_.transport = true;
        lost_.missing += gone->length;
    }
}

void heap_trace_writer::on_run(const stream::software_run& run) {
    if (run.port % 32 != port_ % 32) return;
    const bool ours = run.port == port_ || run.port == port_of_page_;
    if (!ours || run.size != word_size) return sink::on_run(run);
    std::size_t index = 0;
    while (!native_ && index < run.count() && !begins_native_trace(run.value(index)))
        ++index;
    const std::size_t raw = run.stride() * (native_ ? 0 : index);
    if (raw != 0) {
        stream::software_run before = run;
        before.packets = run.packets.first(raw);
        to_.append_run(before);
    }
    if (index == run.count()) return;
    if (!native_) become_native();
    write_losses();
    write_time(run.time);
    stream::software_run native = run;
    native.packets = run.packets.subspan(raw);
    to_.append_run(native);
}

void heap_trace_writer::on_writes(const stream::write_batch& batch) {
    for (auto rest = batch.writes; !rest.empty();) {
        const std::size_t plain = plain_words(batch, rest);
        if (plain == rest.size()) return;
        const stream::write_batch::write& one = rest[plain];
        if (is_ours(one.packet(), batch.tentative)) payload(one.packet(), batch.time(one));
        rest = rest.subspan(plain + 1);
    }
}

/// The fast loop: writes words of a native trace with nothing lost, up to what is none. Returns how
/// many writes it looked at.
std::size_t heap_trace_writer::plain_words(
    const stream::write_batch& batch, std::span<const stream::write_batch::write> writes
) {
    const bool plain = native_ && !lost_.any && batch.timed;
    if (!plain) return 0;
    constexpr std::size_t most = 4096;
    const std::size_t count = std::min(writes.size(), most);
    std::uint8_t* to = to_.room(count * 2 * word_size);
    const std::uint8_t port = port_;
    const auto put = [&](std::uint32_t bits) {
        const auto bytes = base::store_le(bits);
        std::memcpy(to, bytes.data(), bytes.size());
        to += word_size;
    };
    std::uint64_t last = target_last_;
    auto one = writes.begin();
    for (const auto end = one + static_cast<std::ptrdiff_t>(count); one != end; ++one) {
        if (one->port != port) {
            if (one->port % 32 == port % 32) break;
            continue;
        }
        const std::uint64_t now = batch.base + one->ticks;
        const std::uint64_t passed = now - last;
        if (one->size != word_size || passed > wire::data_mask) break;
        if (passed != 0) {
            const auto ticks = static_cast<std::uint32_t>(passed);
            put(wire::make_capture(wire::capture::target_ticks, ticks).bits);
        }
        last = now;
        put(one->value);
    }
    target_last_ = last;
    target_times_ = true;
    to_.took(to);
    return static_cast<std::size_t>(one - writes.begin());
}

void heap_trace_writer::finish() {
    if (native_) write_losses();
}

std::vector<std::string> heap_trace_writer::remarks() const {
    if (to_.size() != 0 || to_.failed()) return {};
    return {fmt::format(
        "port {} sent nothing, so {}; is the heap traced?",
        port_,
        to_.kept_size() != 0 ? fmt::format("{} was not changed", to_.name())
                             : fmt::format("{} is empty", to_.name())
    )};
}

bool heap_trace_writer::is_ours(const stream::software& written, bool tentative) {
    if (written.port == port_ || written.port == port_of_page_) return true;
    const bool other_page = tentative && written.port % 32 == port_ % 32;
    if (!other_page || written.size != word_size || !begins_native_trace(written.value))
        return false;
    port_of_page_ = written.port;
    return true;
}

void heap_trace_writer::payload(const stream::software& written, stream::moment time) {
    if (!native_ && written.size == word_size && begins_native_trace(written.value))
        become_native();
    if (native_) {
        if (written.size != word_size) {
            lost_.any = true;
            lost_.malformed += written.size;
            return;
        }
        write_losses();
        write_time(time);
        return write({written.value});
    }
    to_.append_number(written.value, written.size);
}

/// Words begin at multiples of four from here on; what did not fill one is closed as a gap word.
void heap_trace_writer::become_native() {
    native_ = true;
    lost_ = {};
    const std::size_t odd = to_.size() % word_size;
    if (odd == 0) return;
    const auto bytes = base::store_le(wire::make_gap(wire::gap_reason::malformed, odd).bits);
    to_.append(std::span<const std::uint8_t>(bytes).subspan(odd));
}

void heap_trace_writer::write_losses() {
    if (!lost_.any) return;
    const losses lost = std::exchange(lost_, {});
    if (lost.overflow) write(wire::make_gap(wire::gap_reason::overflow, 0));
    if (lost.malformed != 0) write(wire::make_gap(wire::gap_reason::malformed, lost.malformed));
    if (lost.transport) write(wire::make_gap(wire::gap_reason::transport, lost.missing));
}

void heap_trace_writer::write_time(stream::moment time) {
    if (time) {
        target_times_ = true;
        const std::uint64_t passed = *time - std::exchange(target_last_, *time);
        if (passed != 0) write_time_passed(wire::capture::target_ticks, passed);
    } else if (host_now_ && !target_times_) {
        const std::uint64_t passed = *host_now_ - std::exchange(host_last_, *host_now_);
        if (passed != 0) write_time_passed(wire::capture::host_micros, passed);
    }
}

void heap_trace_writer::write_time_passed(wire::capture clock, std::uint64_t passed) {
    for (; passed > wire::data_mask; passed -= wire::data_mask)
        write(wire::make_capture(clock, wire::data_mask));
    write(wire::make_capture(clock, static_cast<std::uint32_t>(passed)));
}

} // namespace drone::capture
