// SPDX-License-Identifier: MIT
#include "layout/in_place.hpp"

#include <vector>

namespace drone::layout {

namespace {

/// Which class a block is charged with, while it is live.
class charges {
public:
    explicit charges(const usage::demand& run) : run_(run), by_class_(run.classes.size()) {}

    void take(std::size_t at, std::size_t charged) {
        if (run_.blocks.empty()) {
            by_class_[run_.steps[at].index()].push_back(static_cast<std::uint16_t>(charged));
            return;
        }
        const std::uint32_t block = run_.blocks[at];
        if (block >= by_block_.size()) by_block_.resize(block + 1);
        by_block_[block] = static_cast<std::uint16_t>(charged);
    }

    std::size_t give_back(std::size_t at) {
        const std::size_t named = run_.steps[at].index();
        if (!run_.blocks.empty())
            return run_.blocks[at] < by_block_.size() ? by_block_[run_.blocks[at]] : named;
        if (by_class_[named].empty()) return named;
        const std::size_t charged = by_class_[named].back();
        by_class_[named].pop_back();
        return charged;
    }

private:
    const usage::demand& run_;
    std::vector<std::uint16_t> by_block_;
    std::vector<std::vector<std::uint16_t>> by_class_; ///< for runs without block numbers
};

} // namespace

std::optional<usage::demand> with_blocks_in_place(const usage::demand& run) {
    if (run.resizes.empty()) return std::nullopt;
    usage::demand made;
    made.classes = run.classes;
    made.gaps = run.gaps;
    made.failed = run.failed;
    made.steps.reserve(run.steps.size());
    charges charged(run);
    auto resize = run.resizes.begin();
    for (std::size_t at = 0; at < run.steps.size(); ++at) {
        if (resize != run.resizes.end() && *resize == at && at + 1 < run.steps.size()) {
            ++resize;
            const std::size_t before = charged.give_back(at);
            const std::size_t after = run.steps[at + 1].index();
            const bool grows = run.classes[before].size < run.classes[after].size;
            if (grows) {
                made.steps.push_back(usage::step::give_back(before));
                made.steps.push_back(usage::step::take(after));
            }
            charged.take(++at, grows ? after : before);
        } else if (run.steps[at].gives_back()) {
            made.steps.push_back(usage::step::give_back(charged.give_back(at)));
        } else {
            charged.take(at, run.steps[at].index());
            made.steps.push_back(run.steps[at]);
        }
    }
    return made;
}

} // namespace drone::layout
