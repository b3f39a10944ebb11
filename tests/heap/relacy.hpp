// SPDX-License-Identifier: MIT
#pragma once

// The Relacy model checker, made fit for our headers; what is included after this sees its atomics.

#include <atomic>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <ostream>

// Relacy's macros rewrite the names of memory orders in what is included after it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wall"
#include <relacy/relacy.hpp>
#pragma GCC diagnostic pop

namespace std {
using rl::mo_acquire;
using rl::mo_relaxed;
using rl::mo_release;
} // namespace std

// Relacy also redefines these, which would take "= delete" with it.
#undef new
#undef delete

#include <cstddef>
#include <cstdio>
#include <host/exclusive.hpp>

namespace model {

/// Links are the checker's, so that it sees who reads what when.
struct memory {
    template <class T>
    using atomic = rl::atomic<T>;

    static inline rl::atomic<std::uint32_t>* links = nullptr;

    static std::uint32_t load_link(std::byte*, std::uint32_t offset) noexcept {
        return links[offset / 4].load(std::memory_order_relaxed);
    }
    static void store_link(std::byte*, std::uint32_t offset, std::uint32_t link) noexcept {
        links[offset / 4].store(link, std::memory_order_relaxed);
    }
};

using tagged_list = drone::host::basic_block_list<memory>;

/// Runs the suite in every order that the scheduler makes. Whether it holds, if it shall, or else
/// fails.
template <class Suite>
bool check(
    const char* what, bool shall_hold, rl::scheduler_type_e scheduler, unsigned preemptions = 0
) {
    std::ostream nowhere(nullptr); // a history has hundreds of lines
    rl::test_params parameters;
    parameters.search_type = scheduler;
    parameters.context_bound = preemptions;
    parameters.execution_depth_limit = 20'000; // points at which others may run
    if (!shall_hold) parameters.output_stream = &nowhere;
    parameters.progress_stream = &nowhere;
    const bool as_expected = rl::simulate<Suite>(parameters) == shall_hold;
    std::printf("%s: %s\n", what, as_expected ? "as expected" : "NOT AS EXPECTED");
    return as_expected;
}

} // namespace model
