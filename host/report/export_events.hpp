// SPDX-License-Identifier: MIT
#pragma once

// A trace as exports see it: events with everything that is known of their blocks.

#include "report/export.hpp"
#include "trace/sink.hpp"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace drone::report {

/// One event of the traced heap.
struct heap_event {
    enum class kind : std::uint8_t { taken, given_back, resized, failed };

    kind what = kind::taken;
    std::uint64_t number = 0;    ///< counted from 1, as everywhere
    double micros = 0;           ///< since the start; where the trace has no time, the number
    std::uint64_t id = 0;        ///< of the block, from 1, never used again; 0: of none
    std::uint64_t place = 0;     ///< the same, but a copy has one of its own
    std::uint64_t old_place = 0; ///< of a resize
    trace::block_number block = trace::no_block;
    std::uint32_t size = 0;     ///< bytes asked for; of a resize, the new one
    std::uint32_t old_size = 0; ///< of a resize
    std::uint32_t caller = 0;   ///< who took the block
    std::uint8_t alignment_log2 = trace::alignment_not_told;
    std::uint16_t context = trace::no_context;
    bool copied = false;           ///< of a resize: both blocks were live for a moment
    std::uint64_t live_bytes = 0;  ///< after it
    std::uint64_t live_blocks = 0; ///< after it
};

/// Turns what readers say into such events. Memory is bounded by the live blocks.
class event_stream : public trace::sink {
public:
    explicit event_stream(const exported_run& of) : of_(of), micros_(of.micros_per_unit()) {}

    void on_changes(std::span<const trace::change> changes) final;
    void
    on_resize(const trace::change& before, const trace::change& after, trace::resizing how) final;
    void on_failure(const trace::failure& f) final;
    void on_time(trace::clock unit, std::uint64_t elapsed) final;
    void on_position(std::uint64_t events) final { events_ = events; }
    void on_gap(std::uint64_t lost) final { on_missing(lost); }

protected:
    virtual void on_event(const heap_event& e) = 0;
    /// Events are missing here.
    virtual void on_missing(std::uint64_t /*lost*/) {}

    [[nodiscard]] const exported_run& of() const { return of_; }
    /// Time so far, as heap_event::micros.
    [[nodiscard]] double now() const;

private:
    struct birth {
        std::uint64_t id = 0;
        std::uint64_t place = 0;
        std::uint32_t caller = 0;
        std::uint8_t alignment_log2 = 0;
    };

    [[nodiscard]] heap_event event(heap_event::kind what, const trace::change& c);
    [[nodiscard]] birth& born(const trace::change& c);
    [[nodiscard]] birth taken_back(const trace::change& c);

    const exported_run& of_;
    double micros_; ///< a unit of the clock; 0: not known
    trace::clock unit_ = trace::clock::none;
    std::uint64_t time_ = 0;
    std::uint64_t events_ = 0;
    std::uint64_t next_id_ = 1;
    std::uint64_t next_place_ = 1;
    std::uint64_t live_bytes_ = 0;
    std::uint64_t live_blocks_ = 0;
    trace::by_block<birth> births_;
    /// Where blocks have no identity: those of a size, of which the last one is given back.
    std::unordered_map<std::uint32_t, std::vector<birth>> by_size_;
};

/// What callers with one stack asked for.
struct stack_total {
    std::uint64_t count = 0;       ///< blocks taken
    std::uint64_t bytes = 0;       ///< of them, and what resizes added
    std::uint64_t live_blocks = 0; ///< at the end
    std::uint64_t live_bytes = 0;
    std::uint64_t peak_blocks = 0; ///< at the peak of the whole heap
    std::uint64_t peak_bytes = 0;
};

/// Totals by caller: those of `drone heap --json`, and the blocks beside the bytes.
[[nodiscard]] result<std::map<std::uint32_t, stack_total>> stack_totals(const exported_run& of);

// The formats. Each writes everything to `to`; whether it took it is the caller's to see.
[[nodiscard]] result<void> write_pprof(const exported_run& of, std::FILE* to);
[[nodiscard]] result<void> write_speedscope(const exported_run& of, std::FILE* to);
[[nodiscard]] result<void> write_heapprofile(const exported_run& of, std::FILE* to);
[[nodiscard]] result<void> write_callgrind(const exported_run& of, std::FILE* to);
[[nodiscard]] result<void> write_massif(const exported_run& of, std::FILE* to);
[[nodiscard]] result<void> write_heaptrack(const exported_run& of, std::FILE* to);
[[nodiscard]] result<void> write_firefox(const exported_run& of, std::FILE* to);
[[nodiscard]] result<void> write_perfetto(const exported_run& of, std::FILE* to);
[[nodiscard]] result<void> write_csv(const exported_run& of, std::FILE* to);
[[nodiscard]] result<void> write_jsonl(const exported_run& of, std::FILE* to);
[[nodiscard]] result<void> write_log(const exported_run& of, std::FILE* to);

/// The text as a string of JSON, quotes included; what is not UTF-8 is replaced.
[[nodiscard]] std::string json_text(std::string_view text);

/// Reads the run into a stream.
[[nodiscard]] inline result<void> read_into(const exported_run& of, event_stream& to) {
    const auto found = of.trace().read(to);
    if (!found) return std::unexpected(found.error());
    return {};
}

} // namespace drone::report
