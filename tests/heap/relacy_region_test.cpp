// SPDX-License-Identifier: MIT
// The overflow region as contexts share it, under the Relacy model checker: threads that enter the
// region, one at a time, and urgent ones that may not, whose blocks wait on the lock-free list.
//
// The checker sees every link, size and list head of the region as a variable of its own, so a
// context that touches one of them outside of the guard is a race. It may switch threads at each of
// them, and at each look at the tags: between any two steps of an operation.

// A look at the tags is a point at which others may run: bits.hpp has these by other names.
#define half_word_at half_word_at_once
#define word_at word_at_once
#include "relacy.hpp"
#undef half_word_at
#undef word_at

namespace drone::bits {
inline std::uint32_t half_word_at(std::uintptr_t byte) noexcept {
    rl::ctx().sched();
    return half_word_at_once(byte);
}
inline std::uint32_t word_at(std::uintptr_t byte) noexcept {
    rl::ctx().sched();
    return word_at_once(byte);
}
} // namespace drone::bits

#pragma GCC diagnostic ignored                                                                     \
    "-Wattributes" // may_alias, which an index that is a class cannot have
#include <drone/shared_region.hpp>

namespace {

/// Who touches what of the region, by address.
struct accesses {
    static inline accesses* now = nullptr;

    const void* first[2] = {};
    std::size_t bytes[2] = {};
    rl::var<unsigned>* seen[2] = {};

    rl::var<unsigned>& of(const void* place) const {
        for (unsigned part = 0; part < 2; ++part) {
            const auto offset = static_cast<std::size_t>(
                static_cast<const std::byte*>(place) - static_cast<const std::byte*>(first[part])
            );
            if (offset < bytes[part]) return seen[part][offset / 2];
        }
        std::abort(); // neither in the arena nor in the region's own data
    }
};

/// The number of a granule, each access to which the checker sees.
class seen_index {
public:
    constexpr seen_index() = default;
    constexpr explicit seen_index(std::uint32_t number)
        : number_(static_cast<std::uint16_t>(number)) {}
    seen_index(const seen_index&) = delete;
    seen_index& operator=(const seen_index& other) {
        rl::ctx().sched();
        accesses::now->of(this)($) = 1;
        number_ = other.number_;
        return *this;
    }
    operator std::uint32_t() const {
        rl::ctx().sched();
        (void)accesses::now->of(this)($).load();
        return number_;
    }

private:
    std::uint16_t number_ = 0;
};

constexpr std::uint32_t arena_bytes = 616;

struct place {
    static constexpr bool exists = true;
    using index = seen_index;
    static constexpr drone::region_layout at = drone::place_region(0, arena_bytes);
    static constexpr drone::region_bins bins{at.granules};

    static constexpr const drone::region_layout& layout() { return at; }
    static std::uint32_t bin_of(std::uint32_t granules) { return bins.of(granules); }
};

/// Which threads are urgent, and the lock in place of a mask.
struct contexts {
    static inline unsigned urgent = 0; ///< a bit a thread
    static inline bool alone = true;   ///< before and after
    static inline rl::mutex* mask = nullptr;

    static bool admitted() noexcept { return alone || (urgent >> rl::thread_index() & 1U) == 0; }
};

/// One context at a time.
template <bool Masks>
class scope {
public:
    scope() {
        RL_ASSERT(contexts::admitted());
        if (Masks && !contexts::alone) contexts::mask->lock($);
    }
    ~scope() {
        if (Masks && !contexts::alone) contexts::mask->unlock($);
    }
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;
};

template <class List, bool Masks>
struct masking_core {
    using free_list = List;
    using critical_section = scope<Masks>;
};
template <class List, bool Masks>
struct deferring_core : masking_core<List, Masks> {
    struct region_guard : scope<Masks> {
        static constexpr bool defers = true;
        static bool admitted() noexcept { return contexts::admitted(); }
    };
};

/// A list whose push reads the head, and later writes it.
class careless_list {
public:
    void* pop(std::byte* arena) noexcept {
        const std::uint32_t head = head_.load(std::memory_order_acquire);
        if (head == 0) return nullptr;
        head_.store(model::memory::load_link(arena, head - 1), std::memory_order_release);
        return arena + (head - 1);
    }
    void push(std::byte* arena, void* block) noexcept {
        const auto offset = static_cast<std::uint32_t>(static_cast<std::byte*>(block) - arena);
        model::memory::store_link(arena, offset, head_.load(std::memory_order_acquire));
        head_.store(offset + 1, std::memory_order_release);
    }
    bool empty() const noexcept { return head_.load(std::memory_order_relaxed) == 0; }
    void* below(std::byte*, void*) const noexcept { return nullptr; }

private:
    rl::atomic<std::uint32_t> head_{0};
};

/// A region, and who holds what of it.
template <class Suite, class Core, unsigned Threads, unsigned Urgent>
struct shared : rl::test_suite<Suite, Threads> {
    using region = drone::shared_region<place, Core>;

    rl::atomic<std::uint32_t> links[arena_bytes / 4];
    rl::var<unsigned> owners[arena_bytes / 8]; // written by the holder alone: else it is a race
    rl::var<unsigned> seen_in_arena[arena_bytes / 2];
    rl::var<unsigned> seen_in_region[sizeof(region) / 2];
    rl::mutex mask;
    accesses all;
    alignas(8) std::byte arena[arena_bytes];
    alignas(8) region subject;
    std::size_t most = 0;
    void* given[3] = {}; // to each thread, before it begins

    void before() {
        model::memory::links = links;
        contexts::mask = &mask;
        contexts::urgent = Urgent;
        contexts::alone = true;
        for (auto& owner : owners)
            owner($) = 0;
        for (auto& place : seen_in_arena)
            place($) = 0;
        for (auto& place : seen_in_region)
            place($) = 0;
        all = {
            {arena, &subject},
            {sizeof arena, sizeof subject},
            {seen_in_arena, seen_in_region},
        };
        accesses::now = &all;
        subject.initialize(arena);
        most = subject.largest_request(arena);
        static_cast<Suite*>(this)->prepare();
        contexts::alone = false;
    }

    template <class Visit>
    void for_each_owner(const void* block, Visit visit) {
        const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(block) - arena);
        const std::size_t granules = subject.block_size(arena, block) / 8;
        RL_ASSERT(offset % 8 == 0 && offset / 8 + granules <= arena_bytes / 8);
        for (std::size_t i = 0; i < granules; ++i)
            visit(owners[offset / 8 + i]);
    }
    void* own(void* block, unsigned thread) {
        if (block == nullptr) return nullptr;
        for_each_owner(block, [&](auto& owner) {
            RL_ASSERT(owner($) == 0);
            owner($) = thread + 1;
        });
        return block;
    }
    void disown(void* block, unsigned thread) {
        for_each_owner(block, [&](auto& owner) {
            RL_ASSERT(owner($) == thread + 1);
            owner($) = 0;
        });
    }

    void* take(unsigned thread, std::size_t size) {
        return own(subject.allocate(arena, size), thread);
    }
    void give_back(unsigned thread, void* block) {
        if (block == nullptr) return;
        disown(block, thread);
        subject.deallocate(arena, block);
    }
    void resize(unsigned thread, void* block, std::size_t size) {
        if (block == nullptr) return;
        disown(block, thread);
        (void)subject.resize(arena, block, size);
        own(block, thread);
    }

    void after() {
        contexts::alone = true;
        // What would fail moves all that waits, and then it holds.
        void* const everything = subject.allocate(arena, most);
        RL_ASSERT(everything != nullptr);
        subject.deallocate(arena, everything);
        RL_ASSERT(subject.alone().invariants_hold(arena));
        RL_ASSERT(subject.largest_request(arena) == most);
    }
};

/// Threads that all enter: neighbours are taken, cut, merged and resized.
template <class Core>
struct all_enter : shared<all_enter<Core>, Core, 2, 0> {
    void prepare() {
        for (unsigned thread = 0; thread < 2; ++thread)
            this->given[thread] = this->take(thread, 24);
    }
    void thread(unsigned index) {
        if (index == 0) {
            this->give_back(index, this->given[index]); // merges, whatever the other does
            void* const block = this->take(index, 40);
            this->give_back(index, block);
        } else {
            this->resize(index, this->given[index], 56);
            this->give_back(index, this->given[index]);
        }
    }
};

/// The same, one block with a header.
template <class Core>
struct long_blocks : shared<long_blocks<Core>, Core, 2, 0> {
    void prepare() { this->given[1] = this->take(1, 16); }
    void thread(unsigned index) {
        if (index == 0) {
            void* const block = this->take(index, 448);
            this->resize(index, block, 480);
            this->give_back(index, block);
        } else {
            this->give_back(index, this->given[index]);
            this->give_back(index, this->take(index, 100));
        }
    }
};

/// One thread enters; two are urgent, and give back what they were given.
template <class Core>
struct urgent_ones : shared<urgent_ones<Core>, Core, 3, 0b110> {
    void prepare() {
        for (unsigned thread = 0; thread < 3; ++thread)
            this->given[thread] = this->take(thread, 150);
    }
    void thread(unsigned index) {
        this->give_back(index, this->given[index]);
        if (index != 0) return;
        // Needs what the urgent ones have given back, if they have.
        this->give_back(index, this->take(index, 400));
    }
};

/// Two threads enter, and empty the list together; the third is urgent.
template <class Core>
struct two_empty_the_list : shared<two_empty_the_list<Core>, Core, 3, 0b100> {
    void* more[1] = {};
    void prepare() {
        this->given[2] = this->take(2, 24);
        more[0] = this->take(2, 24);
    }
    void thread(unsigned index) {
        if (index == 2) {
            this->give_back(index, this->given[2]);
            this->give_back(index, more[0]);
        } else {
            this->give_back(index, this->take(index, 40));
        }
    }
};

using masked = masking_core<model::tagged_list, true>;
using unmasked = masking_core<model::tagged_list, false>;
using deferring = deferring_core<model::tagged_list, true>;
using careless = deferring_core<careless_list, true>;

} // namespace

int main() {
    bool good = true;
    good &= model::check<all_enter<masked>>(
        "two threads in the region, up to 3 preemptions", true, rl::sched_bound, 3
    );
    good &= model::check<long_blocks<masked>>(
        "two threads in the region, a long block, up to 3 preemptions", true, rl::sched_bound, 3
    );
    good &= model::check<urgent_ones<deferring>>(
        "one thread in the region, two urgent ones, up to 2 preemptions", true, rl::sched_bound, 2
    );
    good &= model::check<two_empty_the_list<deferring>>(
        "two threads in the region, an urgent one, up to 2 preemptions", true, rl::sched_bound, 2
    );
    good &= model::check<all_enter<unmasked>>(
        "two threads in the region without a mask: a race is found", false, rl::sched_bound, 3
    );
    good &= model::check<urgent_ones<careless>>(
        "two urgent threads, a list that is not swapped at once: a block is lost",
        false,
        rl::sched_bound,
        2
    );
    return good ? 0 : 1;
}
