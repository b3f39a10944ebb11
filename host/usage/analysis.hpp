// SPDX-License-Identifier: MIT
#pragma once

#include "trace/sink.hpp"
#include "usage/region_usage.hpp"
#include "usage/size_map.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace drone::usage {

/// A place in the trace.
struct moment {
    std::uint64_t event = 0; ///< counted from 1 in the file
    std::uint64_t time = 0;  ///< since the file's first word, in the units of analysis::unit()

    friend bool operator==(const moment&, const moment&) = default;
};

/// A block that is live at the end of a run.
struct live_block {
    std::uint32_t size = 0;
    std::uint32_t caller = 0;
    std::uint16_t context = trace::no_context;
    std::optional<moment> taken; ///< not known where blocks have no identity
    bool certain = false;

    friend bool operator==(const live_block&, const live_block&) = default;
};

/// How long blocks of one size lived, in events of the whole heap. A block that was resized counts
/// with the size that it had when it was given back.
struct lifetimes {
    std::uint64_t count = 0;
    std::uint64_t shortest = UINT64_MAX;
    std::uint64_t longest = 0;
    std::uint64_t sum = 0;
    std::uint64_t longest_time = 0; ///< in units of the clock
    /// Blocks that lived up to 2^i events, and no fewer than the entry before says.
    std::vector<std::uint64_t> by_log2;
};

/// What one caller, or one context, asked for.
struct share {
    std::uint64_t count = 0; ///< blocks taken
    std::uint64_t bytes = 0; ///< of them, as taken, and what resizes added
    std::uint64_t live_bytes = 0;
    std::uint64_t peak_bytes = 0;    ///< live at one time, at most
    std::uint64_t bytes_at_peak = 0; ///< live when the whole heap was at its peak
    std::uint64_t failures = 0;

    void hold(std::uint32_t size) {
        live_bytes += size;
        peak_bytes = std::max(peak_bytes, live_bytes);
    }
};

/// A request that the traced heap could not serve.
struct failed_request {
    std::uint32_t size = 0;
    std::uint32_t caller = 0;
    std::uint16_t context = trace::no_context;
    moment when;
    std::uint64_t live_bytes = 0; ///< asked for
    std::uint64_t live_blocks = 0;
    bool at_least = false; ///< more may have been asked for
};

/// What a pool of the traced heap did.
struct pool_usage {
    trace::traced_pool pool;
    std::uint64_t live = 0;
    std::uint64_t max_load = 0;
    std::uint64_t total = 0;
    std::uint64_t fell_into = 0; ///< of them, because every smaller pool that serves was full
    std::uint64_t fell_over = 0; ///< requests that this pool, the first to serve, had no block for
};

/// The shares of a map with their keys, most bytes first.
template <class Shares>
[[nodiscard]] auto by_bytes(const Shares& all) {
    std::vector<std::pair<typename Shares::key_type, share>> ordered(all.begin(), all.end());
    std::ranges::sort(ordered, [](const auto& a, const auto& b) {
        return std::tuple(b.second.bytes, a.first) < std::tuple(a.second.bytes, b.first);
    });
    return ordered;
}

/// Everything that can be learned from a trace beyond the table: what is live at the end and at the
/// peak, how long blocks live, what failed and what was live then, what each pool held, who asked.
///
/// The moment of the peak is known only after a first pass (statistics), so this is the second one.
/// Memory is bounded by live blocks, sizes, callers and failures that are kept.
class analysis final : public trace::sink {
public:
    /// Of every failure the size is counted, and of the first so many all is kept.
    static constexpr std::size_t failures_kept = 1000;

    /// `peak_event` is statistics::peak_event() of the same file read alone.
    explicit analysis(std::uint64_t peak_event) : peak_event_(peak_event) {}
    ~analysis() override = default;
    analysis(const analysis&) = delete; // blocks refer to shares
    analysis& operator=(const analysis&) = delete;
    analysis(analysis&&) = default;
    analysis& operator=(analysis&&) = default;

    void on_changes(std::span<const trace::change> changes) override;
    void on_brief_changes(const trace::brief_changes& changes) override;
    /// The block keeps its age, its caller and its context.
    void on_resize(const trace::change& before, const trace::change& after, trace::resizing how)
        override;
    void on_heap(const trace::traced_heap& heap) override;
    void on_failure(const trace::failure& f) override;
    void on_position(std::uint64_t events) override { events_ = events; }
    void on_time(trace::clock unit, std::uint64_t elapsed) override;
    void on_live(const trace::change& taken, bool certain) override;

    [[nodiscard]] trace::clock unit() const { return unit_; }
    [[nodiscard]] std::uint64_t duration() const { return time_; }
    [[nodiscard]] moment peak() const { return peak_; }
    /// Size and number of the blocks that were live at the peak, ascending.
    [[nodiscard]] const std::map<std::uint32_t, std::uint64_t>& live_at_peak() const {
        return live_at_peak_;
    }
    [[nodiscard]] const std::vector<live_block>& live_at_end() const { return live_at_end_; }
    /// By size; empty where blocks have no identity.
    [[nodiscard]] const std::map<std::uint32_t, lifetimes>& lifetimes_by_size() const {
        return lifetimes_.all();
    }
    [[nodiscard]] const std::unordered_map<std::uint32_t, share>& callers() const {
        return callers_;
    }
    /// By context; no_context if the trace does not record it.
    [[nodiscard]] const std::map<std::uint16_t, share>& contexts() const { return contexts_; }
    [[nodiscard]] const std::vector<failed_request>& failures() const { return failures_; }
    /// By size asked.
    [[nodiscard]] const std::map<std::uint32_t, std::uint64_t>& failures_by_size() const {
        return failures_by_size_;
    }
    /// By block; empty where the format does not announce pools.
    [[nodiscard]] const std::vector<pool_usage>& pools() const { return pools_; }
    /// Of the overflow region, if the heap has one.
    [[nodiscard]] const region_usage& region() const { return region_; }
    /// Blocks taken, given back or resized, and requests that failed.
    [[nodiscard]] std::uint64_t events() const { return events_; }

private:
    using callers_share = std::pair<const std::uint32_t, share>;
    using contexts_share = std::pair<const std::uint16_t, share>;

    /// Who took a block. Shares stay where they are.
    struct holder {
        callers_share* caller = nullptr;
        contexts_share* context = nullptr;
    };
    struct birth {
        moment when;
        holder who;
        pool_usage* pool = nullptr; ///< that it is in; null: a region's, or not known
    };

    void count(const trace::change& c);
    void take(const trace::change& c);
    void give_back(const trace::change& c);
    void hold(std::uint32_t size, const holder& who);
    void release(std::uint32_t size, const holder& who);
    [[nodiscard]] callers_share* share_of(std::uint32_t caller);
    [[nodiscard]] holder holder_of(std::uint32_t caller, std::uint16_t context);
    [[nodiscard]] holder holder_of(const trace::change& given_back);
    void note_place(const trace::change& c, pool_usage* pool);
    [[nodiscard]] bool is_first(const pool_usage& pool, const trace::change& c) const;
    [[nodiscard]] pool_usage* first_pool(const trace::change& c);
    void note_lifetime(std::uint32_t size, const moment& taken);
    void note_peak();
    pool_usage* pool_of(trace::block_number number);

    std::uint64_t peak_event_;
    std::uint64_t events_ = 0;
    trace::clock unit_ = trace::clock::none;
    std::uint64_t time_ = 0;
    moment peak_;

    size_map<std::uint64_t> live_by_size_;
    std::uint64_t live_bytes_ = 0;
    std::uint64_t live_blocks_ = 0;
    trace::by_block<birth> births_;
    std::map<std::uint32_t, std::uint64_t> live_at_peak_;
    std::vector<live_block> live_at_end_;
    size_map<lifetimes> lifetimes_;
    std::unordered_map<std::uint32_t, share> callers_;
    std::map<std::uint16_t, share> contexts_;
    std::array<callers_share*, 512> recent_callers_{}; ///< by a hash of the caller
    contexts_share* last_context_ = nullptr;
    std::vector<failed_request> failures_;
    std::map<std::uint32_t, std::uint64_t> failures_by_size_;
    std::vector<pool_usage> pools_;
    region_usage region_;
};

} // namespace drone::usage
