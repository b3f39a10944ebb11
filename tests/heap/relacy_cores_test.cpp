// SPDX-License-Identifier: MIT
// The section that cores share, under the Relacy model checker: every interleaving of two cores that
// enter it, one of them nested, with the memory orders that the chip's lock has.

#include "relacy.hpp"

#include <drone/several_cores.hpp>

namespace {

/// A lock whose state the checker sees. Orders: whether it acquires and releases, as it must.
template <bool Orders>
struct chip {
    struct mask {};
    static inline rl::atomic<std::uint32_t>* taken = nullptr;
    static inline rl::atomic<std::uint32_t>* owned_by = nullptr;

    static std::uint32_t index() noexcept { return rl::thread_index(); }
    static bool take() noexcept {
        std::uint32_t before = 0;
        if constexpr (Orders)
            before = taken->exchange(1, std::memory_order_acquire);
        else
            before = taken->exchange(1, std::memory_order_relaxed);
        if (before != 0) rl::yield(1, $); // or the checker lets it spin for ever
        return before == 0;
    }
    static void give() noexcept {
        if constexpr (Orders)
            taken->store(0, std::memory_order_release);
        else
            taken->store(0, std::memory_order_relaxed);
    }
    static std::uint32_t owner() noexcept { return owned_by->load(std::memory_order_relaxed); }
    static void set_owner(std::uint32_t core) noexcept {
        owned_by->store(core, std::memory_order_relaxed);
    }
};

/// Both cores change the same two variables, which only a section keeps apart.
template <bool Orders>
struct count_together : rl::test_suite<count_together<Orders>, 2> {
    using section = drone::cores_section<chip<Orders>>;

    rl::atomic<std::uint32_t> taken;
    rl::atomic<std::uint32_t> owned_by;
    rl::var<unsigned> first;
    rl::var<unsigned> second;

    void before() {
        taken.store(0, std::memory_order_relaxed);
        owned_by.store(0, std::memory_order_relaxed);
        chip<Orders>::taken = &taken;
        chip<Orders>::owned_by = &owned_by;
        first($) = 0;
        second($) = 0;
    }
    void thread(unsigned core) {
        for (int times = 0; times < 2; ++times) {
            const section outer;
            first($) = first($) + 1;
            if (core == 0) {
                const section inner;
                second($) = second($) + 1;
            }
            RL_ASSERT(first($) >= second($));
        }
    }
    void after() {
        RL_ASSERT(first($) == 4);
        RL_ASSERT(second($) == 2);
    }
};

} // namespace

int main() {
    bool good = true;
    good &=
        model::check<count_together<true>>("two cores, a nested section", true, rl::sched_bound, 4);
    good &= model::check<count_together<false>>(
        "a lock that orders nothing", false, rl::sched_bound, 4
    );
    return good ? 0 : 1;
}
