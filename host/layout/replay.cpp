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
        return "the heap's alignment is not a power of two from 4 to 4096";
    case layout_error::block_zero:
        return "its block has no bytes";
    case layout_error::block_not_granule:
        return "its block is not a multiple of 4";
    case layout_error::capacity_zero:
        return "it has no blocks";
    case layout_error::not_ascending:
        return "its block is not larger than the one before";
    case layout_error::exceeds_heap:
        return "the pools up to this one take more than 4 GiB";
    case layout_error::no_room:
        break;
    }
    return "it is sound";
}

/// A pool of the heap. The region is the one after the last.
enum class pool_number : std::uint32_t {};

/// Where a block of a run is: in the heap, or nowhere because its request was refused.
struct whereabouts {
    std::uint32_t end = 0; ///< offset of the block plus one; 0: there is none, or it was refused
    pool_number pool{};    ///< that holds it; `refused`

    static constexpr pool_number refused{UINT32_MAX};

    [[nodiscard]] bool is_served() const { return end != 0; }
    [[nodiscard]] bool is_refused() const { return pool == refused; }
};

/// The blocks of a run, by number.
class numbered_blocks {
public:
    explicit numbered_blocks(const usage::demand& run) : number_of_(run.blocks) {
        if (!run.blocks.empty()) at_.reach(std::ranges::max(run.blocks));
    }

    void put(std::size_t step, usage::class_number /*asked*/, whereabouts where) {
        at_[number_of_[step]] = where;
    }
    whereabouts take_out(std::size_t step, usage::class_number /*asked*/) {
        return std::exchange(at_[number_of_[step]], whereabouts());
    }

private:
    std::span<const trace::block_number> number_of_;
    trace::by_block<whereabouts> at_;
};

/// The blocks of a run without numbers: of a class, the one that came last goes first.
class unnumbered_blocks {
public:
    explicit unnumbered_blocks(const usage::demand& run) : by_class_(run.classes.size()) {}

    void put(std::size_t /*step*/, usage::class_number asked, whereabouts where) {
        by_class_[asked].push_back(where);
    }
    whereabouts take_out(std::size_t /*step*/, usage::class_number asked) {
        auto& stack = by_class_[asked];
        if (stack.empty()) return {};
        const whereabouts last = stack.back();
        stack.pop_back();
        return last;
    }

private:
    usage::by_class<std::vector<whereabouts>> by_class_;
};

/// One run through one heap.
template <class Blocks>
class player {
public:
    player(
        std::size_t number, const usage::demand& run, const tried_heap& heap, replay_report& report
    )
        : number_(number), run_(run), heap_(heap.pools, heap.alignment, heap.region_bytes),
          report_(report), blocks_(run), region_(pool_number(heap.pools.size())),
          pools_(heap.pools.size() + 1) {
        for (std::size_t pool = 0; pool < heap.pools.size(); ++pool)
            pools_[pool_number(pool)].block_size = heap.pools[pool].block;
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
        std::uint32_t needed = 0; ///< bytes of the smallest block that would serve it
        pool_number first_pool{}; ///< that serves it; no_pool
    };
    struct pool_state {
        std::uint32_t block_size = 0; ///< bytes
        std::uint32_t taken = 0;      ///< blocks
        std::uint64_t waste = 0;      ///< bytes
        std::uint64_t unserved = 0;
    };
    static constexpr pool_number no_pool{UINT32_MAX};

    [[nodiscard]] bool has_region() const { return report_.region.bytes != 0; }

    /// The region counts as one more pool.
    [[nodiscard]] pool_usage& usage_of(pool_number pool) {
        return pool == region_ ? report_.region : report_.pools[std::to_underlying(pool)];
    }

    [[nodiscard]] pool_number first_pool(const usage::request_class& wanted) {
        const runtime_pools& pools = heap_->searches();
        const auto itself = [](std::size_t pool) { return pool_number(pool); };
        if (has_region() && wanted.alignment <= granule)
            return pools.for_size<granule>(wanted.size, itself);
        if (has_region() && wanted.alignment <= default_alignment)
            return pools.for_size<default_alignment>(wanted.size, itself);
        if (has_region()) return region_;
        for (std::size_t pool = 0; pool < pools.count(); ++pool)
            if (pools.at(pool).block >= wanted.size && pools.at(pool).alignment >= wanted.alignment)
                return pool_number(pool);
        return no_pool;
    }

    /// Steps without resizes. False: one was refused, and that ends the replay.
    bool play(std::size_t step, std::size_t end) {
        for (; step < end; ++step) {
            const usage::class_number asked = run_.steps[step].number();
            if (run_.steps[step].gives_back()) {
                leave(blocks_.take_out(step, asked), requests_[asked]);
                continue;
            }
            void* const block = heap_->allocate(requests_[asked].size, requests_[asked].alignment);
            if (!enter(step, asked, block) && stops_) return false;
        }
        return true;
    }

    /// Accounts for what the heap answered to a request. False: it refused.
    bool enter(std::size_t step, usage::class_number number, void* block) {
        const request& asked = requests_[number];
        if (block == nullptr) [[unlikely]] {
            refuse(step, asked);
            blocks_.put(step, number, {.end = 0, .pool = whereabouts::refused});
            return false;
        }
        const std::uint32_t offset = heap_->offset_of(block);
        const auto pool = pool_number(heap_->pool_of(block));
        pool_usage& usage = usage_of(pool);
        ++usage.taken;
        if (pool != asked.first_pool) [[unlikely]] {
            ++usage.fell_into;
            ++usage_of(asked.first_pool).fell_over;
        }
        if (++pools_[pool].taken > usage.peak) usage.peak = pools_[pool].taken;
        hold(asked, block, pool);
        blocks_.put(step, number, {.end = offset + 1, .pool = pool});
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
            const runtime_pools& pools = heap_->searches();
            // With a region nothing falls over to larger pools.
            for (std::size_t pool = 0; pool < pools.count(); ++pool)
                if (has_region() ? pool_number(pool) == asked.first_pool
                                 : pools.at(pool).block >= asked.size &&
                                       pools.at(pool).alignment >= asked.alignment)
                    failed.exhausted.push_back(pool);
            if (has_region()) failed.largest_hole = heap_->largest_request();
        }
        if (asked.first_pool == no_pool) return;
        pool_usage& usage = usage_of(asked.first_pool);
        ++usage.fell_over;
        usage.unserved_peak = std::max(usage.unserved_peak, ++pools_[asked.first_pool].unserved);
    }

    /// A block of this class is given back.
    void leave(whereabouts where, const request& asked) {
        if (!where.is_served()) [[unlikely]] {
            if (where.is_refused() && asked.first_pool != no_pool)
                --pools_[asked.first_pool].unserved;
            return;
        }
        void* const block = heap_.at(where.end - 1);
        release(asked, block, where.pool);
        heap_->deallocate(block);
        --pools_[where.pool].taken;
    }

    /// A resize, whatever the traced heap did: here the block stays or moves as this heap has it.
    /// False: it was refused.
    bool resize(std::size_t step) {
        const usage::class_number before = run_.steps[step].number();
        const usage::class_number after = run_.steps[step + 1].number();
        const whereabouts where = blocks_.take_out(step, before);
        if (!where.is_served()) {
            leave(where, requests_[before]);
            const request& asked = requests_[after];
            return enter(step + 1, after, heap_->allocate(asked.size, asked.alignment));
        }
        void* const old = heap_.at(where.end - 1);
        release(requests_[before], old, where.pool);
        void* const block = drone::resize(
            *heap_, old, requests_[before].size, requests_[after].size, requests_[after].alignment
        );
        if (block == old) {
            hold(requests_[after], old, where.pool);
            blocks_.put(step + 1, after, where);
            return true;
        }
        if (block == nullptr) heap_->deallocate(old); // the run goes on as if it had been served
        --pools_[where.pool].taken;
        return enter(step + 1, after, block);
    }

    /// Bytes of a block of that pool, a header in the region left out.
    [[nodiscard]] std::uint64_t bytes_of(const void* block, pool_number pool) {
        return pool == region_ ? heap_->block_size(block) : pools_[pool].block_size;
    }
    /// Bytes of a block beyond what its request needs. The region aligns a block without a larger one.
    [[nodiscard]] static std::uint64_t waste_of(std::uint64_t bytes, const request& asked) {
        return bytes > asked.needed ? bytes - asked.needed : 0;
    }

    /// A block of this class is live in that pool from now on.
    void hold(const request& asked, const void* block, pool_number pool) {
        const std::uint64_t bytes = bytes_of(block, pool);
        const std::uint64_t waste = waste_of(bytes, asked);
        pool_state& now = pools_[pool];
        now.waste += waste;
        all_waste_ += waste;
        live_bytes_ += asked.size;
        pool_usage& usage = usage_of(pool);
        if (now.waste > usage.peak_waste) usage.peak_waste = now.waste;
        if (all_waste_ > report_.peak_waste) report_.peak_waste = all_waste_;
        if (++live_blocks_ > report_.peak_blocks) report_.peak_blocks = live_blocks_;
        if (live_bytes_ > report_.peak_bytes) report_.peak_bytes = live_bytes_;
        if (pool != region_) return;
        region_usage& region = report_.region;
        region_bytes_ += bytes;
        region.peak_bytes = std::max(region.peak_bytes, region_bytes_);
        region.least_hole = std::min<std::uint64_t>(region.least_hole, heap_->largest_request());
    }

    /// It is no longer. While the block is still in use: the region is asked for its size.
    void release(const request& asked, const void* block, pool_number pool) {
        const std::uint64_t bytes = bytes_of(block, pool);
        const std::uint64_t waste = waste_of(bytes, asked);
        pools_[pool].waste -= waste;
        all_waste_ -= waste;
        live_bytes_ -= asked.size;
        --live_blocks_;
        if (pool == region_) region_bytes_ -= bytes;
    }

    std::size_t number_;
    const usage::demand& run_;
    runtime_heap heap_;
    replay_report& report_;
    Blocks blocks_;
    pool_number region_;
    usage::by_class<request> requests_;
    base::by_number<pool_number, pool_state> pools_; ///< and one for the region
    bool stops_ = false;
    std::uint64_t all_waste_ = 0;
    std::uint64_t live_blocks_ = 0;
    std::uint64_t live_bytes_ = 0;
    std::uint64_t region_bytes_ = 0; ///< of its blocks in use
};

/// The pools, with no more blocks than the run can have live: more would behave the same, and a
/// heap touches every block that it has.
std::vector<pool_spec> as_far_as_used(std::span<const pool_spec> pools, const usage::demand& run) {
    std::uint32_t live = 0;
    std::uint32_t most = 0;
    for (const usage::step step : run.steps) {
        if (!step.gives_back())
            most = std::max(most, ++live);
        else if (live != 0)
            --live;
    }
    ++most; // a resize has both blocks for a moment
    std::vector<pool_spec> made(pools.begin(), pools.end());
    // All multiples of 4, pools so end as far from every alignment as before.
    constexpr std::uint32_t same_place = alignment_limit / granule;
    for (pool_spec& pool : made)
        if (pool.capacity > most) pool.capacity = most + (pool.capacity - most) % same_place;
    return made;
}

/// Whether pools and region are a layout.
result<void> check(const tried_heap& heap) {
    if (heap.pools.size() > runtime_pools::limit)
        return fail(fmt::format(
            "{} pools are too many; a heap has at most {}", heap.pools.size(), runtime_pools::limit
        ));
    std::uint64_t size = heap.region_bytes;
    for (const pool_spec& pool : heap.pools)
        size += std::uint64_t{pool.block} * pool.capacity;
    std::size_t where = 0;
    const layout_error problem = check_layout(
        heap.pools.data(),
        heap.pools.size(),
        // Without a region the size does not matter.
        heap.region_bytes == 0
            ? UINT32_MAX
            : static_cast<std::uint32_t>(std::min<std::uint64_t>(size, UINT32_MAX)),
        heap.alignment,
        &where,
        heap.region_bytes == 0 ? overflow::none : overflow::region
    );
    if (problem == layout_error::no_room || size > UINT32_MAX)
        return fail(fmt::format(
            "an overflow region of {} bytes after the pools: {}",
            heap.region_bytes,
            size > UINT32_MAX ? "together they take more than 4 GiB" : "it has no room for a block"
        ));
    if (problem != layout_error::none)
        return fail(fmt::format("pool {} of the layout: {}", where + 1, describe(problem)));
    return {};
}

} // namespace

result<replay_report>
replay(std::span<const usage::demand> runs, const tried_heap& heap, after_failure then) {
    if (const auto sound = check(heap); !sound) return std::unexpected(sound.error());
    replay_report report;
    report.pools.resize(heap.pools.size());
    report.region.bytes = heap.region_bytes;
    report.region.least_hole = UINT64_MAX;
    for (std::size_t number = 0; number < runs.size(); ++number) {
        if (then == after_failure::stop && report.failures > 0) break;
        const usage::demand& run = runs[number];
        const std::vector<pool_spec> pools = as_far_as_used(heap.pools, run);
        tried_heap used = heap;
        used.pools = pools;
        if (run.blocks.empty())
            player<unnumbered_blocks>(number, run, used, report).play(then);
        else
            player<numbered_blocks>(number, run, used, report).play(then);
    }
    if (report.region.taken == 0)
        report.region.least_hole =
            heap.region_bytes == 0
                ? 0
                : runtime_heap({}, heap.alignment, heap.region_bytes)->largest_request();
    return report;
}

} // namespace drone::layout
