// SPDX-License-Identifier: MIT
#include "layout/orders.hpp"

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
      numbers_(run.blocks.empty() ? made_.data() : run.blocks.data()) {
    for (std::size_t step = 0; step < run.steps.size(); ++step)
        block_limit_ = std::max(block_limit_, numbers_[step] + 1);
}

} // namespace drone::layout
