// SPDX-License-Identifier: MIT
#include "capture/byte_queue.hpp"

#include <utility>

namespace drone::capture {

void byte_queue::push(batch next) {
    std::unique_lock lock(mutex_);
    went_.wait(lock, [&] {
        return abandoned_ || next.ended || size_ == 0 || size_ + next.bytes.size() <= limit_;
    });
    if (abandoned_) return;
    size_ += next.bytes.size();
    batches_.push_back(std::move(next));
    lock.unlock();
    came_.notify_one();
}

std::optional<batch> byte_queue::pop(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    if (!came_.wait_for(lock, patience, [&] { return !batches_.empty(); })) return std::nullopt;
    batch oldest = std::move(batches_.front());
    batches_.pop_front();
    size_ -= oldest.bytes.size();
    lock.unlock();
    went_.notify_one();
    return oldest;
}

void byte_queue::abandon() {
    {
        const std::scoped_lock lock(mutex_);
        abandoned_ = true;
    }
    went_.notify_one();
}

double byte_queue::fill() const {
    const std::scoped_lock lock(mutex_);
    return static_cast<double>(size_) / static_cast<double>(limit_);
}

} // namespace drone::capture
