// SPDX-License-Identifier: MIT

#include "usage/analysis.hpp"

#include <drone/layout.hpp>

#include <algorithm>
#include <bit>

namespace drone::usage {

// -- For each event -------------------------------------------------------------------------------

// All of this is inlined into one loop. So a change that is made of brief ones stays in registers.

/// Whoever asks has mostly asked before: then a look is enough.
[[gnu::always_inline]] inline analysis::callers_share* analysis::share_of(std::uint32_t caller) {
    constexpr int bits = std::bit_width(std::tuple_size_v<decltype(recent_callers_)>) - 1;
    callers_share*& recent = recent_callers_[caller * 0x9E37'79B1U >> (32 - bits)];
    if (recent == nullptr || recent->first != caller) [[unlikely]]
        recent = &*callers_.try_emplace(caller).first;
    return recent;
}

[[gnu::always_inline]] inline analysis::holder
analysis::holder_of(std::uint32_t caller, std::uint16_t context) {
    if (last_context_ == nullptr || last_context_->first != context) [[unlikely]]
        last_context_ = &*contexts_.try_emplace(context).first;
    return {share_of(caller), last_context_};
}

/// The block counts for who took it, not for who gives it back.
[[gnu::always_inline]] inline analysis::holder analysis::holder_of(const trace::change& given_back
) {
    return given_back.block == trace::no_block ? holder_of(given_back.caller, given_back.context)
                                               : births_[given_back.block].who;
}

[[gnu::always_inline]] inline void analysis::hold(std::uint32_t size, const holder& who) {
    ++live_by_size_[size];
    live_bytes_ += size;
    ++live_blocks_;
    who.caller->second.hold(size);
    who.context->second.hold(size);
}

[[gnu::always_inline]] inline void analysis::release(std::uint32_t size, const holder& who) {
    --live_by_size_[size];
    live_bytes_ -= size;
    --live_blocks_;
    who.caller->second.live_bytes -= size;
    who.context->second.live_bytes -= size;
}

[[gnu::always_inline]] inline void analysis::take(const trace::change& c) {
    const holder who = holder_of(c.caller, c.context);
    hold(c.size, who);
    for (share* const s : {&who.caller->second, &who.context->second}) {
        ++s->count;
        s->bytes += c.size;
    }
    if (c.block == trace::no_block) return;
    birth& born = births_.reach(c.block);
    if (born.pool == nullptr) born.pool = pool_of(c.block); // where it stays
    born.when = {events_, time_};
    born.who = who;
    note_place(c, born.pool);
}

[[gnu::always_inline]] inline void
analysis::note_lifetime(std::uint32_t size, const moment& taken) {
    lifetimes& of_size = lifetimes_[size];
    const std::uint64_t lived = events_ - taken.event;
    ++of_size.count;
    of_size.shortest = std::min(of_size.shortest, lived);
    of_size.longest = std::max(of_size.longest, lived);
    of_size.longest_time = std::max(of_size.longest_time, time_ - taken.time);
    of_size.sum += lived;
    const auto log2 = static_cast<std::size_t>(std::bit_width(lived - 1));
    if (log2 >= of_size.by_log2.size()) [[unlikely]]
        of_size.by_log2.resize(log2 + 1);
    ++of_size.by_log2[log2];
}

[[gnu::always_inline]] inline void analysis::give_back(const trace::change& c) {
    release(c.size, holder_of(c));
    if (c.block == trace::no_block) return;
    const birth& born = births_[c.block];
    note_lifetime(c.size, born.when);
    if (born.pool != nullptr)
        --born.pool->live;
    else if (region_.holds(c.block))
        region_.give_back(c, events_);
}

[[gnu::always_inline]] inline void analysis::count(const trace::change& c) {
    ++events_;
    if (c.gives_back)
        give_back(c);
    else
        take(c);
    if (events_ == peak_event_) [[unlikely]]
        note_peak();
}

void analysis::on_changes(std::span<const trace::change> changes) {
    for (const trace::change& c : changes)
        count(c);
}

void analysis::on_brief_changes(const trace::brief_changes& changes) {
    for (std::size_t i = 0; i < changes.size(); ++i)
        count(changes[i]);
}

// -- The rest -------------------------------------------------------------------------------------

void analysis::on_resize(
    const trace::change& before, const trace::change& after, trace::resizing how
) {
    ++events_;
    const holder who = holder_of(before);
    const bool copied = how == trace::resizing::copied;
    if (!copied) release(before.size, who);
    hold(after.size, who);
    if (events_ == peak_event_) note_peak();
    if (copied) release(before.size, who);
    if (region_.holds(after.block)) region_.resize(before, after, events_);
    const std::uint32_t growth = std::max(after.size, before.size) - before.size;
    who.caller->second.bytes += growth;
    who.context->second.bytes += growth;
}

/// Counts where a block is, and where it would be if nothing had been full.
void analysis::note_place(const trace::change& c, pool_usage* pool) {
    pool_usage* const first = pool != nullptr && is_first(*pool, c) ? pool : first_pool(c);
    if (region_.holds(c.block)) {
        region_.take(c, first != nullptr, events_);
        if (first != nullptr) ++first->fell_over;
        return;
    }
    if (pool == nullptr) return;
    ++pool->total;
    pool->max_load = std::max(pool->max_load, ++pool->live);
    if (first == pool) return;
    ++pool->fell_into;
    if (first != nullptr) ++first->fell_over;
}

/// Whether it is surely the pool that the heap tries first: the ones before it are smaller.
bool analysis::is_first(const pool_usage& pool, const trace::change& c) const {
    return !region_.exists() && pool.pool.block_size >= c.size &&
           pool.pool.alignment >> c.alignment_log2 != 0 &&
           (&pool == pools_.data() || (&pool)[-1].pool.block_size < c.size);
}

/// The pool that the heap tries first; null: the region, or none.
pool_usage* analysis::first_pool(const trace::change& c) {
    const std::uint32_t alignment = std::uint32_t{1} << c.alignment_log2;
    if (region_.exists() && alignment > default_alignment) return nullptr;
    for (pool_usage& pool : pools_) {
        if (pool.pool.block_size < c.size || pool.pool.alignment < alignment) continue;
        // In front of a region it leaves the sizes for which that takes fewer bytes.
        if (region_.exists() && c.size <= region_saves_up_to(pool.pool.block_size) &&
            region_saves_up_to(pool.pool.block_size) != 0)
            return nullptr;
        return &pool;
    }
    return nullptr;
}

void analysis::note_peak() {
    peak_ = {events_, time_};
    live_at_peak_.clear();
    for (const auto& [size, count] : live_by_size_.all())
        if (count != 0) live_at_peak_[size] = count;
    for (auto& [id, caller] : callers_)
        caller.bytes_at_peak = caller.live_bytes;
    for (auto& [number, context] : contexts_)
        context.bytes_at_peak = context.live_bytes;
}

void analysis::on_heap(const trace::traced_heap& heap) {
    births_.clear(); // they say in which pool a block is
    pools_.clear();
    for (const trace::traced_pool& pool : heap.pools)
        pools_.push_back({.pool = pool});
    region_ = region_usage(heap);
}

/// Blocks are numbered pool by pool.
pool_usage* analysis::pool_of(trace::block_number number) {
    if (pools_.empty()) return nullptr;
    const auto after = std::ranges::upper_bound(pools_, number, {}, [](const pool_usage& p) {
        return p.pool.first_block;
    });
    if (after == pools_.begin()) return nullptr;
    pool_usage& pool = *std::prev(after);
    return pool.pool.holds(number) ? &pool : nullptr; // or a region's
}

void analysis::on_failure(const trace::failure& f) {
    const std::uint64_t before = events_++;
    ++failures_by_size_[f.size];
    const holder who = holder_of(f.caller, f.context);
    ++who.caller->second.failures;
    ++who.context->second.failures;
    if (failures_.size() < failures_kept)
        failures_.push_back(
            {f.size, f.caller, f.context, {before, time_}, live_bytes_, live_blocks_, f.at_least}
        );
}

void analysis::on_time(trace::clock unit, std::uint64_t elapsed) {
    if (unit_ == trace::clock::none) unit_ = unit;
    if (unit == unit_) time_ += elapsed;
}

void analysis::on_live(const trace::change& taken, bool certain) {
    live_block block{
        .size = taken.size,
        .caller = taken.caller,
        .context = taken.context,
        .taken = {},
        .certain = certain,
    };
    if (const birth* const born = births_.find(taken.block);
        born != nullptr && born->who.caller != nullptr) {
        block.taken = born->when;
        block.caller = born->who.caller->first;
        block.context = born->who.context->first;
    }
    live_at_end_.push_back(block);
}

} // namespace drone::usage
