// SPDX-License-Identifier: MIT
#pragma once

// An array of zeros that costs what is touched of it: the kernel brings a page when it is first
// used. A trace may announce a heap of 16 MiB thousands of times and never use it.

#include <cstddef>
#include <new>
#include <sys/mman.h>
#include <type_traits>
#include <utility>

namespace drone::trace {

/// T is an implicit-lifetime type whose value zero is all bits zero.
template <class T>
class zeroed_array {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    zeroed_array() = default;
    explicit zeroed_array(std::size_t count) : count_(count) {
        if (count == 0) return;
        void* const pages =
            ::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pages == MAP_FAILED) throw std::bad_alloc();
        data_ = static_cast<T*>(pages);
    }
    zeroed_array(zeroed_array&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
    zeroed_array& operator=(zeroed_array&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(count_, other.count_);
        return *this;
    }
    zeroed_array(const zeroed_array&) = delete;
    zeroed_array& operator=(const zeroed_array&) = delete;
    ~zeroed_array() {
        if (data_ != nullptr) ::munmap(data_, bytes());
    }

    [[nodiscard]] T* data() { return data_; }
    [[nodiscard]] std::size_t size() const { return count_; }
    [[nodiscard]] T& operator[](std::size_t i) { return data_[i]; }
    [[nodiscard]] const T& operator[](std::size_t i) const { return data_[i]; }

private:
    [[nodiscard]] std::size_t bytes() const { return count_ * sizeof(T); }

    T* data_ = nullptr;
    std::size_t count_ = 0;
};

} // namespace drone::trace
