// SPDX-License-Identifier: MIT
#include "layout/replay.hpp"

#include "layout/classes.hpp"
#include "layout/runtime_heap.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace drone::layout {

namespace {

constexpr std::size_t no_pool = SIZE_MAX;

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
    }
    return "it is sound";
}

/// A live block, or a request that was refused.
struct live_block {
    void* address = nullptr;
    std::uint32_t first_pool = 0; ///< that serves its class; only for refused ones
};

/// Where the blocks of a run are: by number, or by class where blocks have no numbers.
class block_table {
public:
    explicit block_table(const usage::demand& run) : run_(run), by_class_(run.classes.size()) {}

    void put(std::size_t step, live_block block) {
        if (run_.blocks.empty()) {
            by_class_[run_.steps[step].index()].push_back(block);
            return;
        }
        const std::uint32_t number = run_.blocks[step];
        if (number >= by_number_.size()) by_number_.resize(number + 1);
        by_number_[number] = block;
    }

    std::optional<live_block> take_out(std::size_t step) {
        if (!run_.blocks.empty()) {
            const std::uint32_t number = run_.blocks[step];
            if (number >= by_number_.size()) return std::nullopt;
            return std::exchange(by_number_[number], std::nullopt);
        }
        auto& stack = by_class_[run_.steps[step].index()];
        if (stack.empty()) return std::nullopt;
        const live_block block = stack.back();
        stack.pop_back();
        return block;
    }

private:
    const usage::demand& run_;
    std::vector<std::optional<live_block>> by_number_;
    std::vector<std::vector<live_block>> by_class_;
};

/// One run through one heap.
class player {
public:
    player(
        std::size_t number,
        const usage::demand& run,
        std::span<const pool_spec> pools,
        std::uint32_t alignment,
        replay_report& report
    )
        : number_(number), run_(run), heap_(pools, alignment), report_(report), table_(run),
          taken_(pools.size()), waste_(pools.size()), unserved_(pools.size()) {
        for (const usage::request_class& request : run.classes) {
            const auto block = block_of(request);
            needs_.push_back(block ? block->block : 0);
            first_.push_back(first_pool(request));
        }
    }

    void play(after_failure then) {
        auto next_resize = run_.resizes.begin();
        for (std::size_t step = 0; step < run_.steps.size(); ++step) {
            if (then == after_failure::stop && report_.failures > 0) return;
            if (next_resize != run_.resizes.end() && *next_resize == step &&
                step + 1 < run_.steps.size()) {
                ++next_resize;
                resize(step);
                ++step;
            } else if (run_.steps[step].gives_back()) {
                give_back(step);
            } else {
                take(step);
            }
        }
        report_.events += usage::event_count(run_);
    }

private:
    [[nodiscard]] const usage::request_class& request(std::size_t step) const {
        return run_.classes[run_.steps[step].index()];
    }

    [[nodiscard]] std::size_t first_pool(const usage::request_class& wanted) {
        const runtime_pools& pools = heap_->layout();
        for (std::size_t pool = 0; pool < pools.count(); ++pool)
            if (pools.at(pool).block >= wanted.size && pools.at(pool).alignment >= wanted.alignment)
                return pool;
        return no_pool;
    }

    void take(std::size_t step) {
        const std::size_t index = run_.steps[step].index();
        enter(step, heap_->allocate(request(step).size, request(step).alignment), index);
    }

    /// Accounts for what the heap answered to a request.
    void enter(std::size_t step, void* address, std::size_t index) {
        const std::size_t first = first_[index];
        if (address == nullptr) {
            refuse(step, first);
            table_.put(step, {.address = nullptr, .first_pool = static_cast<std::uint32_t>(first)});
            return;
        }
        const std::size_t pool = heap_.pool_of(address);
        pool_usage& usage = report_.pools[pool];
        ++usage.taken;
        if (pool != first) {
            ++usage.fell_into;
            ++report_.pools[first].fell_over;
        }
        usage.peak = std::max(usage.peak, ++taken_[pool]);
        charge(pool, index, 1);
        table_.put(step, {.address = address, .first_pool = 0});
    }

    void refuse(std::size_t step, std::size_t first) {
        if (report_.failures++ == 0) {
            failure& failed = report_.first_failure.emplace();
            failed.run = number_;
            failed.step = step;
            failed.request = request(step);
            failed.live_blocks = blocks_;
            failed.live_bytes = bytes_;
            const runtime_pools& pools = heap_->layout();
            for (std::size_t pool = first; pool < pools.count(); ++pool)
                if (pools.at(pool).block >= failed.request.size &&
                    pools.at(pool).alignment >= failed.request.alignment)
                    failed.exhausted.push_back(pool);
        }
        if (first == no_pool) return;
        pool_usage& usage = report_.pools[first];
        ++usage.fell_over;
        usage.unserved_peak = std::max(usage.unserved_peak, ++unserved_[first]);
    }

    void give_back(std::size_t step) {
        const auto block = table_.take_out(step);
        if (block) leave(*block, run_.steps[step].index());
    }

    void leave(const live_block& block, std::size_t index) {
        if (block.address == nullptr) {
            if (block.first_pool < unserved_.size()) --unserved_[block.first_pool];
            return;
        }
        const std::size_t pool = heap_.pool_of(block.address);
        heap_->deallocate(block.address);
        --taken_[pool];
        charge(pool, index, -1);
    }

    /// A resize, whatever the traced heap did: here the block stays or moves as this heap has it.
    void resize(std::size_t step) {
        const auto block = table_.take_out(step);
        const std::size_t before = run_.steps[step].index();
        const std::size_t after = run_.steps[step + 1].index();
        if (!block || block->address == nullptr) {
            if (block) leave(*block, before);
            take(step + 1);
            return;
        }
        const std::size_t old_pool = heap_.pool_of(block->address);
        void* const place = drone::resize(
            *heap_,
            block->address,
            run_.classes[before].size,
            run_.classes[after].size,
            run_.classes[after].alignment
        );
        charge(old_pool, before, -1);
        if (place == block->address) {
            charge(old_pool, after, 1);
            table_.put(step + 1, *block);
            return;
        }
        if (place == nullptr)
            heap_->deallocate(block->address); // so that the run goes on as if it had been served
        --taken_[old_pool];
        enter(step + 1, place, after);
    }

    /// Adds a block of the class to what is live in a pool, or takes it away.
    void charge(std::size_t pool, std::size_t index, int sign) {
        const auto count = static_cast<std::uint64_t>(static_cast<std::int64_t>(sign));
        const std::uint32_t block = heap_->layout().at(pool).block;
        const std::uint64_t waste = count * (std::max(block, needs_[index]) - needs_[index]);
        blocks_ += count;
        bytes_ += count * run_.classes[index].size;
        waste_[pool] += waste;
        all_waste_ += waste;
        if (sign < 0) return;
        pool_usage& usage = report_.pools[pool];
        usage.peak_waste = std::max(usage.peak_waste, waste_[pool]);
        report_.peak_waste = std::max(report_.peak_waste, all_waste_);
        report_.peak_blocks = std::max(report_.peak_blocks, blocks_);
        report_.peak_bytes = std::max(report_.peak_bytes, bytes_);
    }

    std::size_t number_;
    const usage::demand& run_;
    runtime_heap heap_;
    replay_report& report_;
    block_table table_;
    std::vector<std::uint32_t> needs_; ///< by class: bytes of the smallest block that serves it
    std::vector<std::size_t> first_;   ///< by class: the first pool that serves it
    std::vector<std::uint32_t> taken_; ///< by pool: blocks
    std::vector<std::uint64_t> waste_; ///< by pool: bytes
    std::vector<std::uint64_t> unserved_;
    std::uint64_t all_waste_ = 0;
    std::uint64_t blocks_ = 0;
    std::uint64_t bytes_ = 0;
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
    for (std::size_t number = 0; number < runs.size(); ++number)
        player(number, runs[number], pools, alignment, report).play(then);
    return report;
}

} // namespace drone::layout
