// SPDX-License-Identifier: MIT

#include "trace/formats/native/reader.hpp"

#include <algorithm>
#include <utility>

namespace drone::trace {

void native_reader::take(std::uint32_t block, request asked) {
    blocks_.set(block, {asked, certain_.stretch()});
    to_.change(make_change(block, asked, false));
}

void native_reader::give_back(std::uint32_t block) {
    const request asked = blocks_.at(block).asked;
    blocks_.set(block, {{}, certain_.stretch()});
    to_.change(make_change(block, asked, true));
}

/// The event that said so is missing.
void native_reader::presume_free(std::uint32_t block) {
    const request asked = blocks_.at(block).asked;
    blocks_.set(block, {{}, certain_.stretch()});
    to_.change({
        .block = block,
        .size = asked.size(),
        .alignment_log2 = asked.alignment_log2(),
        .gives_back = true,
    });
}

void native_reader::allocate(wire::word w, std::uint32_t alignment_log2) {
    const block_map::place place = blocks_.find(w.data());
    if (place.first_byte == UINT32_MAX) return damaged_event();
    const block_state state = blocks_.at(place.block);
    if (state.asked.is_live() != 0) { // its deallocation is missing, or a double free's work
        if (certain_.unbroken_since(state.stretch)) ++pending_contradictions_;
        presume_free(place.block);
        to_.position(found_.events - 1);
    }
    take(place.block, {w.data() - place.first_byte + 1, alignment_log2});
}

void native_reader::allocate_aligned(wire::word w) {
    const std::uint32_t said = wire::alignment_log2(prefix_.alignment, w);
    if (said != 0) prefix_.alignment = {};
    allocate(w, std::max(said, 3U));
}

void native_reader::deallocate(wire::word w) {
    const block_map::place place = blocks_.find(w.data());
    if (place.first_byte != w.data()) return damaged_event();
    const block_state state = blocks_.at(place.block);
    if (state.asked.is_live() != 0) return give_back(place.block);
    if (certain_.unbroken_since(state.stretch)) {
        ++pending_double_frees_;
    } else {
        ++found_.freed_unknown;
        blocks_.set(place.block, {{}, certain_.stretch()});
    }
    to_.position(found_.events);
}

void native_reader::damaged_event() {
    damaged();
    to_.position(found_.events);
}

void native_reader::resize(wire::word w) {
    const block_map::place place = blocks_.find(w.data());
    if (place.first_byte == UINT32_MAX) return damaged_event();
    const block_state state = blocks_.at(place.block);
    const std::uint32_t size = w.data() - place.first_byte + 1;
    if (state.asked.is_live() == 0) { // taken before the capture began, or in a gap
        if (certain_.unbroken_since(state.stretch)) ++pending_contradictions_;
        return take(place.block, {size, 2});
    }
    const request before = state.asked;
    // The word does not say it; realloc() asks for no more than this.
    constexpr std::uint8_t most = 3;
    const request after(size, std::min(before.alignment_log2(), most));
    blocks_.set(place.block, {after, certain_.stretch()});
    to_.resize(make_change(place.block, before, true), make_change(place.block, after, false));
}

void native_reader::fail(wire::word w) {
    ++found_.failures;
    to_.now().on_failure({.size = w.data(), .caller = prefix_.caller, .context = context_});
}

// -- The heap -------------------------------------------------------------------------------------

void native_reader::use_heap(traced_heap heap) {
    heap_ = std::move(heap);
    blocks_ = traced_blocks(heap_);
    to_.now().on_heap(heap_);
}

/// The program that held these blocks is gone.
void native_reader::empty_heap() {
    blocks_.for_each_live([&](std::uint32_t block, block_state) { presume_free(block); });
    blocks_.clear();
    to_.position(found_.events);
    doubt();
}

} // namespace drone::trace
