// SPDX-License-Identifier: MIT
#pragma once

#include "trace/findings.hpp"
#include "trace/formats/native/checks.hpp"
#include "trace/formats/native/heap_state.hpp"
#include "trace/formats/native/layout.hpp"
#include "trace/formats/native/numbering.hpp"
#include "trace/formats/native/stack_book.hpp"
#include "trace/formats/native/words.hpp"
#include "trace/sink.hpp"

#include <drone/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace drone::trace {

/// The native reader: stretch by stretch, word by word, from numbers to blocks. Private; native.hpp
/// says what it guarantees.
///
///     checks      cuts the trace into stretches and proves them
///     numbering   what is missing, repeated, damaged
///     heap_state  what the words do to the heap's blocks
///     stack_book  which stacks are announced
class native_reader {
public:
    /// Refers to bytes and sink.
    native_reader(std::span<const std::byte> bytes, const announced_trace& first, sink& to)
        : bytes_(bytes), heap_(to, found_), stacks_(found_), numbers_(bytes, heap_, found_),
          stretches_(bytes) {
        know(first);
    }
    native_reader(const native_reader&) = delete;
    native_reader& operator=(const native_reader&) = delete;

    findings read(const std::function<void(std::size_t)>& passed);

private:
    void open(stretch& s);
    void reopen();
    void read_words(const stretch& s);
    [[nodiscard]] bool read_usual(std::size_t end);
    [[nodiscard]] bool read_called(std::size_t end);
    [[nodiscard]] bool read_unusual(wire::word w);
    [[nodiscard]] bool event(wire::word w);
    void control(wire::word w);
    void capture(wire::word w);
    void skip(word_range twice);

    void know(const announced_trace& said);
    void restart(std::uint32_t count);
    void went_back(std::uint32_t count);
    [[nodiscard]] bool has_stacks() const { return known_.version >= wire::version_with_stacks; }
    [[nodiscard]] bool stands_before_a_checkpoint() const;
    void finish();

    std::span<const std::byte> bytes_;
    std::size_t at_ = 0;
    findings found_;
    heap_state heap_;
    stack_book stacks_;
    numbering numbers_;
    stretch_finder stretches_;

    announced_trace known_;
    called_events called_;              ///< room for what read_called() takes apart
    announcement_parser announcements_; ///< of what is not proven
    stretch now_;                       ///< in hand; what it announced is not kept
    bool layout_doubted_ = false;       ///< version 1: the target may have another one by now
    bool realigned_ = false;            ///< words lie at other places from here on
    std::uint64_t went_back_ = 0;       ///< times that the count of events did
    std::uint64_t last_check_ = 0;      ///< events that were read before it
};

} // namespace drone::trace
