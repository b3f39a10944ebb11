// SPDX-License-Identifier: MIT
#include "layout/replay.hpp"

#include "layout/classes.hpp"
#include "layout/runtime_heap.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace drone::layout {

namespace {

const char* describe(layout_error problem) {
    switch (problem) {
    case layout_error::none:
        break;
    case layout_error::no_pools:
        return "there are no pools";
    case layout_error::bad_alignment:
        return "the heap's alignment is no power of two from 4 to 4096";
    case layout_error::block_zero:
        return "its block has no bytes";
    case layout_error::block_not_granule:
        return "its block is no multiple of 4";
    case layout_error::capacity_zero:
        return "it has no blocks";
    case layout_error::not_ascending:
        return "its block is not larger than the one before";
    case layout_error::exceeds_heap:
        return "up to here the pools take more than 4 GiB";
    case layout_error::no_room:
        return "up to here the pools leave no room for an overflow region";
    }
    return "it is sound";
}

/// Where a block of a run is: in the heap, or nowhere because its request was refused.
struct whereabouts {
    std::uint32_t end = 0;  ///< offset of the block plus one; 0: there is none, or it was refused
    std::uint32_t pool = 0; ///< that holds it; `refused`

    static constexpr std::uint32_t refused = UINT32_MAX;

    [[nodiscard]] bool is_served() const { return end != 0; }
    [[nodiscard]] bool is_refused() const { return pool == refused; }
};

/// The blocks of a run, by number.
class numbered_blocks {
public:
    explicit numbered_blocks(const usage::demand& run)
        : number_of_(run.blocks), at_(run.blocks.empty() ? 0 : std::ranges::max(run.blocks) + 1) {}

    void put(std::size_t step, std::size_t /*index*/, whereabouts block) {
        at_[number_of_[step]] = block;
    }
    whereabouts take_out(std::size_t step, std::size_t /*index*/) {
        return std::exchange(at_[number_of_[step]], whereabouts());
    }

private:
    std::span<const std::uint32_t> number_of_;
    std::vector<whereabouts> at_;
};

/// The blocks of a run without numbers: of a class, the one that came last goes first.
class unnumbered_blocks {
public:
    explicit unnumbered_blocks(const usage::demand& run) : by_class_(run.classes.size()) {}

    void put(std::size_t /*step*/, std::size_t index, whereabouts block) {
        by_class_[index].push_back(block);
    }
    whereabouts take_out(std::size_t /*step*/, std::size_t index) {
        auto& stack = by_class_[index];
        if (stack.empty()) return {};
        const whereabouts block = stack.back();
        stack.pop_back();
        return block;
    }

private:
    std::vector<std::vector<whereabouts>> by_class_;
};

/// One run through one heap.
template <class Blocks>
class player {
public:
    player(
        std::size_t number,
        const usage::demand& run,
        std::span<const pool_spec> pools,
        std::uint32_t alignment,
        replay_report& report
    )
        : number_(number), run_(run), heap_(pools, alignment), report_(report), blocks_(run),
          pools_(pools.size()) {
        for (std::size_t pool = 0; pool < pools.size(); ++pool)
            pools_[pool].block = pools[pool].block;
        for (const usage::request_class& asked : run.classes) {
            const auto needed = block_of(asked);
            requests_.push_back({
                .size = asked.size,
                .alignment = asked.alignment,
                .needed = needed ? needed->block : 0,
                .first_pool = first_pool(asked),
            });
        }
    }

    void play(after_failure then) {
        stops_ = then == after_failure::stop;
        std::size_t step = 0;
        for (const std::uint64_t resized : run_.resizes) {
            if (!play(step, resized)) return;
            if (!resize(resized) && stops_) return;
            step = resized + 2;
        }
        if (!play(step, run_.steps.size())) return;
        report_.events += usage::event_count(run_);
    }

private:
    /// A class of requests, and what the heap has for it.
    struct request {
        std::uint32_t size = 0;
        std::uint32_t alignment = 0;
        std::uint32_t needed = 0;     ///< bytes of the smallest block that would serve it
        std::uint32_t first_pool = 0; ///< that serves it; no_pool
    };
    struct pool_state {
        std::uint32_t block = 0; ///< bytes
        std::uint32_t taken = 0; ///< blocks
        std::uint64_t waste = 0; ///< bytes
        std::uint64_t unserved = 0;
    };
    static constexpr std::uint32_t no_pool = UINT32_MAX;

    [[nodiscard]] std::uint32_t first_pool(const usage::request_class& wanted) {
        const runtime_pools& pools = heap_->layout();
        for (std::uint32_t pool = 0; pool < pools.count(); ++pool)
            if (pools.at(pool).block >= wanted.size && pools.at(pool).alignment >= wanted.alignment)
                return pool;
        return no_pool;
    }

    /// Steps without resizes. False: one was refused, and that ends the replay.
    bool play(std::size_t step, std::size_t end) {
        for (; step < end; ++step) {
            const std::size_t index = run_.steps[step].index();
            if (run_.steps[step].gives_back()) {
                leave(blocks_.take_out(step, index), requests_[index]);
                continue;
            }
            void* const block = heap_->allocate(requests_[index].size, requests_[index].alignment);
            if (!enter(step, index, block) && stops_) return false;
        }
        return true;
    }

    /// Accounts for what the heap answered to a request. False: it refused.
    bool enter(std::size_t step, std::size_t index, void* block) {
        const request& asked = requests_[index];
        if (block == nullptr) [[unlikely]] {
            refuse(step, asked);
            blocks_.put(step, index, {.end = 0, .pool = whereabouts::refused});
            return false;
        }
        const std::uint32_t offset = heap_->offset_of(block);
        const auto pool = static_cast<std::uint32_t>(heap_->pool_of(block));
        pool_usage& usage = report_.pools[pool];
        pool_state& now = pools_[pool];
        ++usage.taken;
        if (pool != asked.first_pool) [[unlikely]] {
            ++usage.fell_into;
            ++report_.pools[asked.first_pool].fell_over;
        }
        if (++now.taken > usage.peak) usage.peak = now.taken;
        hold(asked, now, usage);
        blocks_.put(step, index, {.end = offset + 1, .pool = pool});
        return true;
    }

    [[gnu::noinline]] void refuse(std::size_t step, const request& asked) {
        if (report_.failures++ == 0) {
            failure& failed = report_.first_failure.emplace();
            failed.run = number_;
            failed.step = step;
            failed.request = {asked.size, asked.alignment};
            failed.live_blocks = live_blocks_;
            failed.live_bytes = live_bytes_;
            const runtime_pools& pools = heap_->layout();
            for (std::size_t pool = asked.first_pool; pool < pools.count(); ++pool)
                if (pools.at(pool).block >= asked.size &&
                    pools.at(pool).alignment >= asked.alignment)
                    failed.exhausted.push_back(pool);
        }
        if (asked.first_pool == no_pool) return;
        pool_usage& usage = report_.pools[asked.first_pool];
        ++usage.fell_over;
        usage.unserved_peak = std::max(usage.unserved_peak, ++pools_[asked.first_pool].unserved);
    }

    /// A block of this class is given back.
    void leave(whereabouts block, const request& asked) {
        if (!block.is_served()) [[unlikely]] {
            if (block.is_refused() && asked.first_pool != no_pool)
                --pools_[asked.first_pool].unserved;
            return;
        }
        heap_->deallocate(heap_.at(block.end - 1));
        --pools_[block.pool].taken;
        release(asked, pools_[block.pool]);
    }

    /// A resize, whatever the traced heap did: here the block stays or moves as this heap has it.
    /// False: it was refused.
    bool resize(std::size_t step) {
        const std::size_t before = run_.steps[step].index();
        const std::size_t after = run_.steps[step + 1].index();
        const whereabouts block = blocks_.take_out(step, before);
        if (!block.is_served()) {
            leave(block, requests_[before]);
            const request& asked = requests_[after];
            return enter(step + 1, after, heap_->allocate(asked.size, asked.alignment));
        }
        void* const old = heap_.at(block.end - 1);
        void* const place = drone::resize(
            *heap_, old, requests_[before].size, requests_[after].size, requests_[after].alignment
        );
        pool_state& pool = pools_[block.pool];
        release(requests_[before], pool);
        if (place == old) {
            hold(requests_[after], pool, report_.pools[block.pool]);
            blocks_.put(step + 1, after, block);
            return true;
        }
        if (place == nullptr) heap_->deallocate(old); // the run goes on as if it had been served
        --pool.taken;
        return enter(step + 1, after, place);
    }

    /// A block of this class is live in that pool from now on.
    void hold(const request& asked, pool_state& pool, pool_usage& usage) {
        const std::uint32_t waste =
            pool.block - asked.needed; // a block that serves has what it needs
        pool.waste += waste;
        all_waste_ += waste;
        live_bytes_ += asked.size;
        if (pool.waste > usage.peak_waste) usage.peak_waste = pool.waste;
        if (all_waste_ > report_.peak_waste) report_.peak_waste = all_waste_;
        if (++live_blocks_ > report_.peak_blocks) report_.peak_blocks = live_blocks_;
        if (live_bytes_ > report_.peak_bytes) report_.peak_bytes = live_bytes_;
    }

    /// It is no longer.
    void release(const request& asked, pool_state& pool) {
        const std::uint32_t waste = pool.block - asked.needed;
        pool.waste -= waste;
        all_waste_ -= waste;
        live_bytes_ -= asked.size;
        --live_blocks_;
    }

    std::size_t number_;
    const usage::demand& run_;
    runtime_heap heap_;
    replay_report& report_;
    Blocks blocks_;
    std::vector<request> requests_; ///< by class
    std::vector<pool_state> pools_;
    bool stops_ = false;
    std::uint64_t all_waste_ = 0;
    std::uint64_t live_blocks_ = 0;
    std::uint64_t live_bytes_ = 0;
};

} // namespace

result<replay_report> replay(
    std::span<const usage::demand> runs,
    std::span<const pool_spec> pools,
    std::uint32_t alignment,
    after_failure then
) {
    if (pools.size() > runtime_pools::limit)
        return fail(
            fmt::format("{} pools; a heap has at most {}", pools.size(), runtime_pools::limit)
        );
    std::size_t where = 0;
    const layout_error problem =
        check_layout(pools.data(), pools.size(), UINT32_MAX, alignment, &where);
    if (problem != layout_error::none)
        return fail(fmt::format("pool {} of the layout: {}", where + 1, describe(problem)));
    replay_report report;
    report.pools.resize(pools.size());
    for (std::size_t number = 0; number < runs.size(); ++number) {
        if (then == after_failure::stop && report.failures > 0) break;
        const usage::demand& run = runs[number];
        if (run.blocks.empty())
            player<unnumbered_blocks>(number, run, pools, alignment, report).play(then);
        else
            player<numbered_blocks>(number, run, pools, alignment, report).play(then);
    }
    return report;
}

} // namespace drone::layout
