// SPDX-License-Identifier: MIT
// The host's free list and the pool on it under the Relacy model checker: every interleaving of two
// threads, and of three threads with a bounded number of preemptions. Each thread takes blocks,
// holds them alone, and gives them back in the other order, which is what an ABA needs.

#include "relacy.hpp"

#include <drone/pool.hpp>

namespace {

/// The ancestor's list: the head is loaded, its link read, then compared and swapped, without a
/// tag.
class untagged_list {
public:
    void* pop(std::byte* arena) noexcept {
        std::uint32_t head = head_.load(std::memory_order_acquire);
        while (head != 0) {
            const std::uint32_t next = model::memory::load_link(arena, head - 1);
            if (head_.compare_exchange_strong(
                    head, next, std::memory_order_acquire, std::memory_order_acquire
                ))
                return arena + (head - 1);
        }
        return nullptr;
    }
    void push(std::byte* arena, void* block) noexcept {
        const auto offset = static_cast<std::uint32_t>(static_cast<std::byte*>(block) - arena);
        std::uint32_t head = head_.load(std::memory_order_relaxed);
        do {
            model::memory::store_link(arena, offset, head);
        } while (!head_.compare_exchange_strong(
            head, offset + 1, std::memory_order_release, std::memory_order_relaxed
        ));
    }
    bool empty() const noexcept { return head_.load(std::memory_order_relaxed) == 0; }
    void* below(std::byte* arena, void* block) const noexcept {
        const std::uint32_t next =
            block == nullptr
                ? head_.load(std::memory_order_relaxed)
                : model::memory::load_link(
                      arena, static_cast<std::uint32_t>(static_cast<std::byte*>(block) - arena)
                  );
        return next == 0 ? nullptr : arena + (next - 1);
    }

private:
    rl::atomic<std::uint32_t> head_{0};
};

template <class List, unsigned Threads, std::uint32_t Blocks>
struct take_and_give_back : rl::test_suite<take_and_give_back<List, Threads, Blocks>, Threads> {
    static constexpr drone::pool_layout layout = {
        .block = 4, .capacity = Blocks, .offset = 0, .alignment = 4
    };

    rl::atomic<std::uint32_t> links[Blocks];
    rl::var<unsigned> owners[Blocks]; // written by the holder alone: another's access is a race
    drone::pool<List> pool;
    alignas(4) std::byte arena[Blocks * 4];

    void before() {
        model::memory::links = links;
        for (auto& owner : owners)
            owner($) = 0;
        pool.initialize(arena, layout);
    }

    std::uint32_t number(const void* block) const {
        return static_cast<std::uint32_t>(static_cast<const std::byte*>(block) - arena) / 4;
    }

    void* take(unsigned thread) {
        void* const block = pool.take(arena);
        if (block != nullptr) {
            RL_ASSERT(owners[number(block)]($) == 0);
            owners[number(block)]($) = thread + 1;
        }
        return block;
    }

    void give_back(void* block, unsigned thread) {
        if (block == nullptr) return;
        RL_ASSERT(owners[number(block)]($) == thread + 1);
        owners[number(block)]($) = 0;
        pool.give_back(arena, block);
    }

    void thread(unsigned index) {
        if (index == 0) {
            give_back(take(index), index);
        } else {
            void* const first = take(index);
            void* const second = take(index);
            give_back(first, index);
            give_back(second, index);
        }
    }

    void after() {
        RL_ASSERT(pool.for_each_free(arena, layout, 0, [](void*) {}) == Blocks);
    }
};

} // namespace

int main() {
    bool good = true;
    good &= model::check<take_and_give_back<model::tagged_list, 2, 2>>(
        "two threads, every interleaving: no block is held twice, none is lost",
        true,
        rl::sched_full
    );
    good &= model::check<take_and_give_back<model::tagged_list, 3, 3>>(
        "three threads, up to 3 preemptions: no block is held twice, none is lost",
        true,
        rl::sched_bound,
        3
    );
    good &= model::check<take_and_give_back<untagged_list, 2, 2>>(
        "two threads on the ancestor's list, without a tag: a block is lost or held twice",
        false,
        rl::sched_full
    );
    return good ? 0 : 1;
}
