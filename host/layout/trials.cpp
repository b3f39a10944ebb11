// SPDX-License-Identifier: MIT
#include "layout/trials.hpp"

#include "layout/heap_model.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

namespace drone::layout {

namespace {

/// One run through one heap, from an empty heap on. `serve(request)` calls what it is given until
/// that returns a block, or answers none.
template <class Serve>
bool play(
    const std::vector<block_event>& events, const ordered_run& run, heap_model& heap, Serve serve
) {
    usage::by_class<heap_model::request> requests;
    for (const usage::request_class& asked : run.run().classes)
        requests.push_back(heap.request_of(asked));
    trace::by_block<heap_model::block> blocks(run.block_limit());
    for (const block_event& event : events) {
        heap_model::block& block = blocks[event.block];
        if (event.to == block_event::none) {
            if (block.exists()) heap.deallocate(block);
            block = {};
            continue;
        }
        const heap_model::request& asked = requests[event.to];
        if (event.from == block_event::none || !block.exists()) {
            block = serve([&]() __attribute__((always_inline)) { return heap.allocate(asked); });
            if (!block.exists()) return false;
            continue;
        }
        const heap_model::block old = block;
        block = serve([&] { return heap.place_resized(old, asked); });
        if (!block.exists()) return false;
        if (block.at != old.at || block.pool != old.pool) heap.deallocate(old);
    }
    return true;
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
        usage::by_class<std::uint32_t> granules;
        granules.reserve(run.classes.size());
        for (const usage::request_class& request : run.classes)
            granules.push_back(region_granules(request.size));
        std::int64_t live = 0; // a block may be given back that the trace did not see taken
        std::int64_t taken = 0;
        for (const usage::step step : run.steps) {
            const usage::class_number asked = step.number();
            if (step.gives_back()) {
                live -= run.classes[asked].size;
                taken -= granules[asked];
                continue;
            }
            ++requests_;
            live += run.classes[asked].size;
            taken += granules[asked];
            peak_live = std::max(peak_live, live);
            peak_taken = std::max(peak_taken, taken);
        }
    }
    peak_live_ = static_cast<std::uint64_t>(peak_live);
    peak_granules_ = static_cast<std::uint64_t>(peak_taken) * region_granule;
}

std::size_t trials::contexts() const {
    std::size_t most = 0;
    for (const ordered_run& run : runs_) {
        if (run.contexts() == 0) return 0;
        most = std::max(most, run.contexts());
    }
    return most;
}

bool trials::has_moves() const { return std::ranges::any_of(runs_, &ordered_run::has_moves); }

std::shared_ptr<const trials::events> trials::events_in(std::uint32_t order) const {
    constexpr std::uint64_t kept_limit = 16'000'000; // events: 128 MB
    const std::uint64_t kept_orders = kept_limit / std::max<std::uint64_t>(steps_, 1);
    if (order < kept_orders) {
        const std::scoped_lock alone(guard_);
        if (order < kept_.size() && kept_[order]) return kept_[order];
    }
    auto made = std::make_shared<events>();
    for (const ordered_run& run : runs_) {
        std::vector<block_event>& all = made->emplace_back(run.events(order));
        while (!all.empty() && all.back().to == block_event::none)
            all.pop_back(); // what only gives back needs nothing
    }
    if (order < kept_orders) {
        const std::scoped_lock alone(guard_);
        if (order >= kept_.size()) kept_.resize(order + 1);
        kept_[order] = made;
    }
    return made;
}

bool trials::hold(const tried_heap& heap, std::uint32_t order) const {
    const auto played = events_in(order);
    for (std::size_t run = 0; run < runs_.size(); ++run) {
        heap_model tried(heap, 0);
        const auto once = [](auto request) __attribute__((always_inline)) { return request(); };
        if (!play((*played)[run], runs_[run], tried, once)) return false;
    }
    return true;
}

std::optional<trials::need> trials::needed(
    tried_heap heap, std::uint32_t order, std::uint32_t stride, std::uint64_t limit
) const {
    const auto played = events_in(order);
    need found;
    for (std::size_t run = 0; run < runs_.size(); ++run) {
        heap_model tried(
            heap,
            limit > heap.region_bytes ? static_cast<std::uint32_t>(limit - heap.region_bytes) : 0
        );
        const std::uint32_t start = tried.place().granules;
        const auto serve = [&](auto request) __attribute__((always_inline)) {
            heap_model::block block = request();
            while (!block.exists()) [[unlikely]] {
                if (!tried.grow_region(stride / region_granule)) return block;
                block = request();
            }
            if (block.pool != tried.region()) ++found.from_pools;
            return block;
        };
        if (!play((*played)[run], runs_[run], tried, serve)) return std::nullopt;
        if (tried.place().granules > start) heap.region_bytes = region_of(tried.place().granules);
    }
    found.region = heap.region_bytes;
    return found;
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

} // namespace drone::layout
