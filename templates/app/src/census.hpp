#pragma once

// Counts what a program does with its heap, size by size, without any trace: the firmware's own
// word, against which the table of `drone heap` can be checked. A firmware that needs no such count
// declares its heap without it.

#include <drone/layout.hpp>
#include <drone/trace.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// The numbers. Their user keeps other contexts out.
class census_numbers {
public:
    /// Counts an allocation; end() wants the row that is returned.
    std::uint8_t begin(std::size_t size) noexcept;
    /// Counts the end of an allocation.
    void end(std::uint8_t row) noexcept;
    void fail() noexcept { ++failures_; }
    void preempt() noexcept { ++preemptions_; }

    /// Prints the table as `drone heap` does, without using the heap.
    void print(void (*out)(std::string_view text)) const;

private:
    struct entry {
        std::uint32_t size = 0; ///< bytes as asked; 0: the row is free
        std::uint32_t live = 0;
        std::uint32_t peak = 0; ///< most that were live at one time
        std::uint32_t allocations = 0;
    };

    [[nodiscard]] const entry* next_larger(std::uint32_t size) const noexcept;

    std::array<entry, 64> rows_{}; ///< in the order in which the sizes appeared
    std::uint32_t allocations_ = 0;
    std::uint32_t deallocations_ = 0;
    std::uint32_t failures_ = 0;
    std::uint32_t preemptions_ = 0;
    std::uint32_t live_bytes_ = 0;
    std::uint32_t peak_bytes_ = 0;
};

/// A heap that forwards to another and counts. Contexts as Heap. A block's row is looked up by its
/// offset, at the price of a byte of RAM for every granule of the heap.
template <class Heap, std::uint32_t HeapSize>
class census {
public:
    using core = typename Heap::core;

    void initialize() noexcept { heap_.initialize(); }

    // `caller` is who asks, where the heap wants to know (drone/trace.hpp).

    template <class... Caller>
    [[nodiscard]] void*
    allocate(std::size_t size, std::size_t alignment = drone::granule, Caller... caller) noexcept {
        const call_under_way call(*this);
        void* const block = heap_.allocate(size, alignment, caller...);
        const typename core::critical_section masked;
        if (block != nullptr) {
            row_of(block) = numbers_.begin(size);
        } else {
            numbers_.fail();
        }
        return block;
    }

    template <class... Caller>
    void deallocate(void* block, Caller... caller) noexcept
        requires requires(Heap& heap) { heap.deallocate(block, caller...); }
    {
        const call_under_way call(*this);
        {
            // Counted first: once given back, the block may be an interrupt's.
            const typename core::critical_section masked;
            numbers_.end(row_of(block));
        }
        heap_.deallocate(block, caller...);
    }

    template <class... Caller>
    [[nodiscard]] void* place_resized(
        void* block, std::size_t old_size, std::size_t size, std::size_t alignment, Caller... caller
    ) noexcept {
        const call_under_way call(*this);
        void* const place = heap_.place_resized(block, old_size, size, alignment, caller...);
        const typename core::critical_section masked;
        if (place == block) numbers_.end(row_of(block));
        if (place != nullptr) {
            row_of(place) = numbers_.begin(size);
        } else {
            numbers_.fail();
        }
        return place;
    }

    [[nodiscard]] std::size_t block_size(const void* block) const noexcept {
        return heap_.block_size(block);
    }

    void end_trace() noexcept { drone::end_trace(heap_); }

    [[nodiscard]] const census_numbers& numbers() const noexcept { return numbers_; }

private:
    /// Sees whether a call preempts another. An interrupt leaves calls_ as it found it.
    class call_under_way {
    public:
        explicit call_under_way(census& counted) noexcept : calls_(counted.calls_) {
            if (calls_ != 0) {
                const typename core::critical_section masked;
                counted.numbers_.preempt();
            }
            calls_ = calls_ + 1;
        }
        ~call_under_way() { calls_ = calls_ - 1; }
        call_under_way(const call_under_way&) = delete;
        call_under_way& operator=(const call_under_way&) = delete;

    private:
        volatile std::uint32_t& calls_;
    };

    std::uint8_t& row_of(const void* block) noexcept {
        return row_of_[heap_.offset_of(block) / drone::granule];
    }

    Heap heap_;
    census_numbers numbers_;
    std::array<std::uint8_t, HeapSize / drone::granule> row_of_{};
    volatile std::uint32_t calls_ = 0;
};
