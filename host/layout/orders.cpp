// SPDX-License-Identifier: MIT
#include "layout/orders.hpp"

#include "trace/sink.hpp"

#include <map>

namespace drone::layout {

std::vector<std::uint32_t> numbers_of(const usage::demand& run) {
    std::vector<std::vector<std::uint32_t>> live(run.classes.size());
    std::vector<std::uint32_t> free;
    std::vector<std::uint32_t> numbers;
    std::uint32_t next = 0;
    numbers.reserve(run.steps.size());
    auto resize = run.resizes.begin();
    for (std::size_t at = 0; at < run.steps.size(); ++at) {
        const usage::step step = run.steps[at];
        std::vector<std::uint32_t>& of_class = live[step.index()];
        if (resize != run.resizes.end() && *resize + 1 == at) { // the block that was given back
            ++resize;
            numbers.push_back(numbers.back());
            free.pop_back();
            of_class.push_back(numbers.back());
        } else if (!step.gives_back() || of_class.empty()) {
            if (free.empty()) free.push_back(next++);
            numbers.push_back(free.back());
            if (step.gives_back()) continue; // of a block that was never taken
            of_class.push_back(free.back());
            free.pop_back();
        } else {
            numbers.push_back(of_class.back());
            free.push_back(of_class.back());
            of_class.pop_back();
        }
    }
    return numbers;
}

ordered_run::ordered_run(const usage::demand& run)
    : run_(&run), made_(run.blocks.empty() ? numbers_of(run) : std::vector<std::uint32_t>()),
      numbers_(run.blocks.empty() ? made_.data() : run.blocks.data()), switches_(run.contexts) {
    for (std::size_t step = 0; step < run.steps.size(); ++step)
        block_limit_ = std::max(block_limit_, numbers_[step] + 1);
    if (switches_.empty()) return;
    if (switches_[0].step != 0) // what comes before the first name is in a context without one
        switches_.insert(switches_.begin(), usage::context_switch{0, trace::no_context});
    std::map<std::uint16_t, std::uint16_t> numbers;
    for (usage::context_switch& change : switches_) {
        const auto number = static_cast<std::uint16_t>(numbers.size());
        change.context = numbers.try_emplace(change.context, number).first->second;
    }
    contexts_ = numbers.size();
}

std::vector<block_event> ordered_run::events(std::uint32_t order) const {
    std::vector<block_event> made;
    made.reserve(run_->steps.size() - run_->resizes.size());
    std::size_t used = 0;
    for_each_event(order, [&](std::size_t step, bool resizes) {
        const usage::step first = run_->steps[step];
        block_event& event = made.emplace_back();
        event.block = numbers_[step];
        if (first.gives_back())
            event.from = static_cast<std::uint16_t>(first.index());
        else
            event.to = static_cast<std::uint16_t>(first.index());
        if (resizes) event.to = static_cast<std::uint16_t>(run_->steps[step + 1].index());
        if (event.to != block_event::none) used = made.size();
        return true;
    });
    made.resize(used);
    return made;
}

} // namespace drone::layout
