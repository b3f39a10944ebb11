#include "census.hpp"

#include <algorithm>
#include <charconv>

namespace {

using printer = void (*)(std::string_view);

void print_number(printer out, std::uint32_t value, std::size_t width = 0) {
    char digits[20];
    char* const end = digits + sizeof digits;
    std::fill(digits, end, ' ');
    char number[10];
    const char* const number_end = std::to_chars(number, number + sizeof number, value).ptr;
    const auto length = static_cast<std::size_t>(number_end - number);
    std::copy_backward(number, number + length, end);
    const std::size_t shown = std::max(width, length);
    out({end - shown, shown});
}

} // namespace

std::uint8_t census_numbers::begin(std::size_t size) noexcept {
    const auto place = std::find_if(rows_.begin(), rows_.end(), [size](const entry& r) {
        return r.size == size || r.size == 0;
    });
    if (place == rows_.end()) __builtin_trap(); // more sizes than rows
    place->size = static_cast<std::uint32_t>(size);
    place->peak = std::max(place->peak, ++place->live);
    ++place->allocations;
    ++allocations_;
    live_bytes_ += place->size;
    peak_bytes_ = std::max(peak_bytes_, live_bytes_);
    return static_cast<std::uint8_t>(place - rows_.begin());
}

void census_numbers::end(std::uint8_t row) noexcept {
    --rows_[row].live;
    ++deallocations_;
    live_bytes_ -= rows_[row].size;
}

const census_numbers::entry* census_numbers::next_larger(std::uint32_t size) const noexcept {
    const entry* next = nullptr;
    for (const entry& r : rows_)
        if (r.size > size && (next == nullptr || r.size < next->size)) next = &r;
    return next;
}

void census_numbers::print(printer out) const {
    std::uint32_t maximum = 0;
    out("\n Block Size | Max Load | Total Allocations\n"
        "------------+----------+-------------------\n");
    for (const entry* r = next_larger(0); r != nullptr; r = next_larger(r->size)) {
        maximum += r->size * r->peak;
        print_number(out, r->size, 11);
        out(" |");
        print_number(out, r->peak, 9);
        out(" |");
        print_number(out, r->allocations, 18);
        out("\n");
    }
    const auto print_line = [out](std::string_view what, std::uint32_t value) {
        out(what);
        print_number(out, value);
        out("\n");
    };
    print_line("\nMaximum memory usage: ", maximum);
    print_line("Peak live memory: ", peak_bytes_);
    print_line("Allocations: ", allocations_);
    print_line("Deallocations: ", deallocations_);
    print_line("Failed allocations: ", failures_);
    print_line("Calls that preempted another: ", preemptions_);
}
