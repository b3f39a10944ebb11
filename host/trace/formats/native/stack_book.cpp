// SPDX-License-Identifier: MIT

#include "trace/formats/native/stack_book.hpp"

#include <utility>

namespace drone::trace {

void stack_book::begin(wire::word frames) {
    open_ = wire::decode_frames(frames);
    frames_.clear();
}

void stack_book::frame(std::uint32_t code_address) {
    if (frames_.size() == open_.count) open_.count = 0; // one too many
    if (open_.count != 0) frames_.push_back(code_address | open_.other_bits);
}

std::uint32_t stack_book::stack(std::uint32_t identifier) {
    if (identifier == 0) return 0;
    if (open_.count != 0 && frames_.size() == open_.count) learn(identifier);
    const auto [place, is_new] =
        places_.try_emplace(identifier, static_cast<std::uint32_t>(found_.stacks.size()));
    if (is_new) found_.stacks.emplace_back();
    return stack_bit | place->second;
}

/// The frames are those of the stack with this identifier, if that is their hash.
void stack_book::learn(std::uint32_t identifier) {
    std::uint32_t hash = 0;
    for (const std::uint32_t frame : frames_)
        hash = wire::stack_hash(hash, frame);
    if (wire::stack_id(wire::stack_key(hash)) != identifier) return;
    call_stack announced{.frames = std::exchange(frames_, {}), .is_whole = open_.is_whole};
    open_.count = 0;
    for (std::uint32_t& frame : announced.frames)
        frame &= ~1U;
    std::erase(announced.frames, 0); // not known
    const auto known = places_.find(identifier);
    if (known != places_.end()) {
        call_stack& before = found_.stacks[known->second];
        if (before.frames == announced.frames) return;
        if (before.frames.empty()) {
            before = std::move(announced);
            return;
        }
    }
    // Another stack with the same identifier: from here on it means this one.
    places_[identifier] = static_cast<std::uint32_t>(found_.stacks.size());
    found_.stacks.push_back(std::move(announced));
}

} // namespace drone::trace
