// SPDX-License-Identifier: MIT
#include "usage/holders.hpp"

#include <algorithm>
#include <utility>

namespace drone::usage {

holders::holders(
    holder_kind kind, const std::vector<std::uint32_t>& named, std::vector<std::uint64_t> moments
)
    : kind_(kind), now_(named.size() + 1), peaks_(named.size() + 1), moments_(std::move(moments)) {
    for (std::size_t row = 0; row < named.size(); ++row)
        rows_.emplace(named[row], static_cast<std::uint32_t>(row));
    history_.reserve(moments_.size() * now_.size());
}

std::size_t holders::row_named(std::uint32_t name) const {
    const auto found = rows_.find(name);
    return found == rows_.end() ? now_.size() - 1 : found->second;
}

/// Of a block that is live. A format without identity says who gives it back, at best.
std::size_t holders::row_of(const trace::change& given_back) const {
    if (const std::uint32_t* const row = rows_of_blocks_.find(given_back.block)) return *row;
    return row_named(kind_ == holder_kind::caller ? given_back.caller : given_back.size);
}

void holders::set_row(trace::block_number block, std::size_t row) {
    rows_of_blocks_.reach(block) = static_cast<std::uint32_t>(row);
}

void holders::add(std::size_t row, std::uint32_t size) {
    holding& h = now_[row];
    h.bytes += size;
    ++h.blocks;
    peaks_[row] = std::max(peaks_[row], h.bytes);
}

void holders::remove(std::size_t row, std::uint32_t size) {
    now_[row].bytes -= size;
    --now_[row].blocks;
}

void holders::take(const trace::change& c) {
    const std::size_t row = row_named(kind_ == holder_kind::caller ? c.caller : c.size);
    add(row, c.size);
    if (c.block != trace::no_block) set_row(c.block, row);
}

void holders::give_back(const trace::change& c) { remove(row_of(c), c.size); }

void holders::note_moments(std::uint64_t before_event) {
    for (; next_ < moments_.size() && moments_[next_] < before_event; ++next_)
        for (const holding& h : now_)
            history_.push_back(h.bytes);
}

std::vector<std::uint64_t> holders::history(std::size_t row) const {
    std::vector<std::uint64_t> bytes;
    bytes.reserve(next_);
    for (std::size_t moment = 0; moment < next_; ++moment)
        bytes.push_back(history_[moment * now_.size() + row]);
    return bytes;
}

} // namespace drone::usage
