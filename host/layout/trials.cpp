// SPDX-License-Identifier: MIT
#include "layout/trials.hpp"

#include "layout/runtime_heap.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

namespace drone::layout {

namespace {

/// One run through one heap. `after_take(block, size)` sees every block that was taken or resized.
template <class AfterTake>
bool play(const ordered_run& trial, std::uint32_t order, runtime_heap& heap, AfterTake after_take) {
    const usage::demand& run = trial.run();
    std::vector<void*> blocks(trial.block_limit(), nullptr);
    return trial.for_each_event(order, [&](std::size_t step, bool resizes) {
        void*& block = blocks[trial.block(step)];
        const usage::request_class& asked = run.classes[run.steps[step].index()];
        if (!run.steps[step].gives_back()) {
            block = heap->allocate(asked.size, asked.alignment);
            if (block != nullptr) after_take(block, asked.size);
            return block != nullptr;
        }
        if (resizes) {
            const usage::request_class& to = run.classes[run.steps[step + 1].index()];
            block = block == nullptr
                        ? heap->allocate(to.size, to.alignment)
                        : drone::resize(*heap, block, asked.size, to.size, to.alignment);
            if (block != nullptr) after_take(block, to.size);
            return block != nullptr;
        }
        if (block != nullptr) heap->deallocate(block);
        block = nullptr;
        return true;
    });
}

/// Bytes of a region with so many granules for blocks.
std::uint32_t region_of(std::uint32_t granules) {
    std::uint32_t bytes = granules * region_granule + granules / 8 + 16;
    while (place_region(0, bytes).granules >= granules)
        bytes -= region_granule;
    while (place_region(0, bytes).granules < granules)
        bytes += region_granule;
    return bytes;
}

} // namespace

trials::trials(std::span<const usage::demand> runs) {
    runs_.reserve(runs.size());
    std::int64_t peak_live = 0;
    std::int64_t peak_taken = 0;
    for (const usage::demand& run : runs) {
        runs_.emplace_back(run);
        steps_ += run.steps.size();
        std::vector<std::uint32_t> granules;
        granules.reserve(run.classes.size());
        for (const usage::request_class& request : run.classes)
            granules.push_back(region_granules(request.size));
        std::int64_t live = 0; // a block may be given back that the trace did not see taken
        std::int64_t taken = 0;
        for (const usage::step step : run.steps) {
            const std::size_t index = step.index();
            if (step.gives_back()) {
                live -= run.classes[index].size;
                taken -= granules[index];
                continue;
            }
            ++requests_;
            live += run.classes[index].size;
            taken += granules[index];
            peak_live = std::max(peak_live, live);
            peak_taken = std::max(peak_taken, taken);
        }
    }
    peak_live_ = static_cast<std::uint64_t>(peak_live);
    peak_granules_ = static_cast<std::uint64_t>(peak_taken) * region_granule;
}

bool trials::hold(const tried_heap& heap, std::uint32_t order) const {
    return std::ranges::all_of(runs_, [&](const ordered_run& run) {
        runtime_heap tried(heap.pools, heap.alignment, heap.region_bytes);
        return play(run, order, tried, [](void*, std::uint32_t) {});
    });
}

std::uint64_t trials::from_pools(const tried_heap& heap) const {
    std::uint64_t taken = 0;
    for (const ordered_run& run : runs_) {
        runtime_heap tried(heap.pools, heap.alignment, heap.region_bytes);
        play(run, 0, tried, [&](void* block, std::uint32_t) {
            if (!tried->in_region(block)) ++taken;
        });
    }
    return taken;
}

void trials::in_parallel(std::size_t count, const std::function<void(std::size_t)>& work) const {
    std::atomic<std::size_t> next = 0;
    const auto share = [&] {
        for (std::size_t number = next++; number < count; number = next++)
            work(number);
    };
    constexpr std::uint64_t worth_a_thread = 20'000; // steps
    std::vector<std::jthread> others;
    if (steps_ * count > worth_a_thread)
        for (unsigned more = 1;
             more < std::min<std::size_t>(count, std::thread::hardware_concurrency());
             ++more)
            others.emplace_back(share);
    share();
}

std::optional<std::uint32_t> trials::touched(const tried_heap& heap, std::uint32_t order) const {
    std::uint32_t most = 0;
    for (const ordered_run& run : runs_) {
        runtime_heap tried(heap.pools, heap.alignment, heap.region_bytes);
        const region_layout& region = tried->searches().region().layout();
        std::uint32_t end = region.first_block();
        const bool served = play(run, order, tried, [&](void* block, std::uint32_t size) {
            const std::uint32_t offset = tried->offset_of(block);
            if (region.holds(offset)) end = std::max(end, offset + size);
        });
        if (!served) return std::nullopt;
        most = std::max(most, (end - region.first_block() + region_granule - 1) / region_granule);
    }
    return region_of(std::max(most, least_region_block));
}

} // namespace drone::layout
