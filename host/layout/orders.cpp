// SPDX-License-Identifier: MIT
#include "layout/orders.hpp"

#include "trace/sink.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <random>

namespace drone::layout {

std::vector<trace::block_number> numbers_of(const usage::demand& run) {
    usage::by_class<std::vector<trace::block_number>> live(run.classes.size());
    trace::block_numbers free;
    std::vector<trace::block_number> numbers;
    numbers.reserve(run.steps.size());
    auto resize = run.resizes.begin();
    for (std::size_t at = 0; at < run.steps.size(); ++at) {
        const usage::step step = run.steps[at];
        std::vector<trace::block_number>& of_class = live[step.number()];
        if (resize != run.resizes.end() && *resize + 1 == at) { // the block that was given back
            ++resize;
            numbers.push_back(free.take());
            of_class.push_back(numbers.back());
        } else if (!step.gives_back() || of_class.empty()) {
            numbers.push_back(free.take());
            if (step.gives_back()) // of a block that was never taken
                free.give_back(numbers.back());
            else
                of_class.push_back(numbers.back());
        } else {
            numbers.push_back(of_class.back());
            free.give_back(of_class.back());
            of_class.pop_back();
        }
    }
    return numbers;
}

ordered_run::ordered_run(const usage::demand& run) : run_(&run) {
    if (run.blocks.empty())
        read_events(numbers_of(run));
    else
        read_events(run.blocks);
    number_contexts();
    for (std::size_t event = 0; run.leaves_moves_open && !has_moves_ && event < events_.size();
         ++event)
        has_moves_ = may_be_move(event);
}

void ordered_run::read_events(const std::vector<trace::block_number>& numbers) {
    events_.reserve(run_->steps.size() - run_->resizes.size());
    auto resize = run_->resizes.begin();
    for (std::size_t step = 0; step < run_->steps.size(); ++step) {
        block_event& event = events_.emplace_back();
        event.block = numbers[step];
        block_limit_ = std::max(block_limit_, std::to_underlying(event.block) + 1);
        const usage::step done = run_->steps[step];
        (done.gives_back() ? event.from : event.to) = done.number();
        if (resize == run_->resizes.end() || *resize != step) continue;
        ++resize;
        event.to = run_->steps[++step].number();
    }
}

void ordered_run::number_contexts() {
    if (run_->contexts.empty()) return;
    std::map<std::uint16_t, std::uint16_t> numbers;
    const auto number = [&](std::uint16_t context) {
        const auto next = static_cast<std::uint16_t>(numbers.size());
        return numbers.try_emplace(context, next).first->second;
    };
    if (run_->contexts[0].step != 0) // what comes before the first name is in one without a name
        changes_.push_back({.event = 0, .context = number(trace::no_context)});
    for (const usage::context_switch& change : run_->contexts) {
        const auto resizes =
            std::ranges::lower_bound(run_->resizes, change.step) - run_->resizes.begin();
        changes_.push_back({
            .event = static_cast<std::size_t>(change.step) - static_cast<std::size_t>(resizes),
            .context = number(change.context),
        });
    }
    contexts_ = numbers.size();
}

namespace {

/// Events wait for their places: for the next few places, those that come to each.
class waiting_events {
public:
    static constexpr std::size_t slots = 17; // 8 to either side, and its own

    /// `place` is less than `slots` from the first place that was not yet emptied.
    void put(std::size_t place, std::uint32_t event) {
        slot& to = places_[place % ring];
        to.events[to.count++] = event;
    }
    std::uint32_t* empty(std::size_t place, std::uint32_t* to) {
        slot& due = places_[place % ring];
        for (std::uint32_t at = 0; at < due.count; ++at)
            *to++ = due.events[at];
        due.count = 0;
        return to;
    }

private:
    static constexpr std::size_t ring = 32; // a power of two above the slots
    struct slot {
        std::uint32_t count = 0;
        std::array<std::uint32_t, slots> events; // one at most from each place that reaches it
    };
    std::array<slot, ring> places_;
};

} // namespace

std::vector<std::uint32_t> ordered_run::shifted(
    const std::vector<block_event>& events,
    const std::vector<context_change>& changes,
    std::uint32_t order
) const {
    std::vector<std::uint32_t> made(events.size());
    if (order == 0 || contexts_ == 1) {
        std::iota(made.begin(), made.end(), 0U);
        return made;
    }
    waiting_events waiting;
    // The place for the next event of a block, and of a context.
    trace::by_block<std::size_t> of_block(block_limit_);
    std::vector<std::size_t> of_context(contexts_ + 1);
    std::uint32_t random = order * 0x9E37'79B9U + 1;
    std::size_t shift = 0;
    std::size_t context = 0;
    auto change = changes.begin();
    std::uint32_t* end = made.data();
    for (std::size_t event = 0; event < events.size(); ++event) {
        const bool is_change = change != changes.end() && change->event <= event;
        if (is_change || contexts_ == 0) {
            random ^= random << 13U;
            random ^= random >> 17U;
            random ^= random << 5U;
            shift = (std::uint64_t{random} * waiting_events::slots) >> 32U;
        }
        if (is_change)
            while (change != changes.end() && change->event <= event)
                context = (change++)->context;
        std::size_t& place = of_block[events[event].block];
        place = std::max(place, event + shift);
        if (contexts_ != 0) place = of_context[context] = std::max(of_context[context], place);
        waiting.put(place, static_cast<std::uint32_t>(event));
        end = waiting.empty(event, end);
    }
    for (std::size_t left = 0; left < waiting_events::slots; ++left)
        end = waiting.empty(events.size() + left, end);
    return made;
}

bool ordered_run::may_be_move(std::size_t event) const {
    if (event + 1 >= events_.size()) return false;
    const block_event& taken = events_[event];
    const block_event& freed = events_[event + 1];
    return taken.from == block_event::none && freed.to == block_event::none &&
           taken.block != freed.block &&
           !std::ranges::binary_search(changes_, event + 1, {}, &context_change::event);
}

ordered_run::with_moves::with_moves(const ordered_run& traced, std::uint32_t order) {
    std::minstd_rand random(order);
    events.reserve(traced.events_.size());
    // The resized block keeps its number. Until it is given back, the two numbers change places.
    trace::by_block<trace::block_number> kept(traced.block_limit_);
    for (std::uint32_t number = 0; number < traced.block_limit_; ++number)
        kept[trace::block_number{number}] = trace::block_number{number};
    auto change = traced.changes_.begin();
    for (std::size_t event = 0; event < traced.events_.size(); ++event) {
        for (; change != traced.changes_.end() && change->event <= event; ++change)
            changes.push_back({.event = events.size(), .context = change->context});
        block_event next = traced.events_[event];
        if (traced.may_be_move(event) && (order == 1 || random() % 16 < 8)) {
            const block_event& freed = traced.events_[++event];
            std::swap(kept[next.block], kept[freed.block]);
            next.from = freed.from;
        }
        next.block = kept[next.block];
        events.push_back(next);
    }
}

std::vector<block_event> ordered_run::events(std::uint32_t order) const {
    if (order == 0) return events_;
    const auto in_sequence = [&](const auto& events, const auto& changes) {
        std::vector<block_event> made;
        made.reserve(events.size());
        for (const std::uint32_t event : shifted(events, changes, order))
            made.push_back(events[event]);
        return made;
    };
    if (!has_moves_) return in_sequence(events_, changes_);
    with_moves made(*this, order);
    return order == 1 ? std::move(made.events) : in_sequence(made.events, made.changes);
}

} // namespace drone::layout
