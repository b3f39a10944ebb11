// SPDX-License-Identifier: MIT
#pragma once

// Exclusive access between the threads of a host.

#include <drone/layout.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <host/stacks.hpp>
#include <mutex>

namespace drone::host {

/// How the list reaches memory: atomics, and the links inside free blocks. A model checker uses a
/// type of its own.
struct memory {
    template <class T>
    using atomic = std::atomic<T>;

    // The block may have been taken by another thread between the load of the head and this read.
    // What is read is then some of that thread's data, and thrown away: its tag has changed, the
    // exchange fails.
    __attribute__((no_sanitize("thread"))) static std::uint32_t
    load_link(std::byte* arena, std::uint32_t offset) noexcept {
        return __atomic_load_n(reinterpret_cast<std::uint32_t*>(arena + offset), __ATOMIC_RELAXED);
    }
    static void store_link(std::byte* arena, std::uint32_t offset, std::uint32_t link) noexcept {
        __atomic_store_n(reinterpret_cast<std::uint32_t*>(arena + offset), link, __ATOMIC_RELAXED);
    }
};

/// A free list for threads: a 64-bit compare-and-swap of the topmost block's offset and a tag that
/// counts the changes. The tag shows a head that was taken and came back, unless 2^32 changes pass
/// within one interrupted operation.
///
/// The low half of the head is the offset of the topmost free block plus one, or 0 if there is
/// none. The high half is the tag. The link of a block is the low half of what was below it.
template <class Memory>
class basic_block_list {
public:
    [[nodiscard]] void* pop(std::byte* arena) noexcept {
        std::uint64_t head = head_.load(std::memory_order_acquire);
        while (link(head) != 0) {
            const std::uint32_t offset = link(head) - 1;
            const std::uint64_t next = tagged(Memory::load_link(arena, offset), head);
            if (head_.compare_exchange_strong(
                    head, next, std::memory_order_acquire, std::memory_order_acquire
                ))
                return arena + offset;
        }
        return nullptr;
    }

    void push(std::byte* arena, void* block) noexcept {
        const auto offset = static_cast<std::uint32_t>(static_cast<std::byte*>(block) - arena);
        std::uint64_t head = head_.load(std::memory_order_relaxed);
        do {
            Memory::store_link(arena, offset, link(head));
        } while (!head_.compare_exchange_strong(
            head, tagged(offset + 1, head), std::memory_order_release, std::memory_order_relaxed
        ));
    }

    [[nodiscard]] bool empty() const noexcept {
        return link(head_.load(std::memory_order_relaxed)) == 0;
    }

    [[nodiscard]] void* below(std::byte* arena, void* block) const noexcept {
        const std::uint32_t next =
            block == nullptr
                ? link(head_.load(std::memory_order_relaxed))
                : Memory::load_link(
                      arena, static_cast<std::uint32_t>(static_cast<std::byte*>(block) - arena)
                  );
        return next == 0 ? nullptr : arena + (next - 1);
    }

private:
    static std::uint32_t link(std::uint64_t head) noexcept {
        return static_cast<std::uint32_t>(head);
    }
    static std::uint64_t tagged(std::uint32_t link, std::uint64_t head) noexcept {
        return ((head >> 32U) + 1) << 32U | link;
    }

    typename Memory::template atomic<std::uint64_t> head_{0};
};

/// A scope that other threads' scopes wait for. Not for signal handlers.
class process_lock {
public:
    process_lock() { mutex().lock(); }
    ~process_lock() { mutex().unlock(); }
    process_lock(const process_lock&) = delete;
    process_lock& operator=(const process_lock&) = delete;

private:
    static std::recursive_mutex& mutex() {
        static std::recursive_mutex instance;
        return instance;
    }
};

/// Threads of a host, as exclusive_access.
struct threads {
    using free_list = basic_block_list<memory>;
    using critical_section = process_lock;

    /// See stacks.hpp.
    static std::size_t walk_stack(
        const void* caller, std::uint32_t* frames, std::size_t most, bool& is_whole
    ) noexcept {
        return host::walk_stack(caller, frames, most, is_whole);
    }
};

} // namespace drone::host
