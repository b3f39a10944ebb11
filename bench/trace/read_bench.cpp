// SPDX-License-Identifier: MIT

// How fast native traces are read for the table of `drone heap`, beside a bare read of the same
// file.
//
//     build/bench/trace_bench            DRONE_BENCH_EVENTS=1000000000 for another number of events
//
// The trace is of a program with eight pools that takes and gives back blocks at random, so that
// neither operation, block nor size can be predicted; announcements stand in it as the target sends
// them.

#include "trace/make_demand.hpp"
#include "trace/read.hpp"
#include "trace/statistics.hpp"

#include <drone/wire.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <random>
#include <unistd.h>
#include <vector>

namespace drone::trace {
namespace {

constexpr auto layout = make_layout<8>(
    65536, {{8, 256}, {16, 256}, {24, 256}, {32, 256}, {48, 128}, {64, 128}, {128, 64}, {512, 32}}
);

std::uint64_t event_count() {
    const char* const asked = std::getenv("DRONE_BENCH_EVENTS");
    return asked != nullptr ? std::strtoull(asked, nullptr, 10) : 100'000'000;
}

class program {
public:
    program() {
        for (std::size_t p = 0; p < layout.pool_count; ++p)
            for (std::uint32_t i = 0; i < layout.pools[p].capacity; ++i)
                free_[p].push_back(layout.pools[p].offset + i * layout.pools[p].block);
    }

    wire::word next() {
        const std::size_t p = random_() % layout.pool_count;
        const bool takes = live_[p].empty() || (!free_[p].empty() && random_() % 2 != 0);
        if (takes) {
            const std::uint32_t block = free_[p].back();
            free_[p].pop_back();
            live_[p].push_back(block);
            const auto size = static_cast<std::uint32_t>(layout.pools[p].block - random_() % 8);
            return wire::event(wire::operation::allocate, events++, block + size - 1);
        }
        std::swap(live_[p][random_() % live_[p].size()], live_[p].back());
        const std::uint32_t block = live_[p].back();
        live_[p].pop_back();
        free_[p].push_back(block);
        return wire::event(wire::operation::deallocate, events++, block);
    }

    std::uint32_t events = 0;

private:
    std::minstd_rand random_;
    std::array<std::vector<std::uint32_t>, layout.pool_count> free_;
    std::array<std::vector<std::uint32_t>, layout.pool_count> live_;
};

/// The trace file, written once and deleted at the end.
class trace_file {
public:
    trace_file()
        : path_(
              std::filesystem::temp_directory_path() / ("drone-bench-" + std::to_string(::getpid()))
          ) {
        std::FILE* const out = std::fopen(path_.c_str(), "wb");
        if (out == nullptr) std::abort();
        program running;
        std::vector<wire::word> words;
        constexpr std::uint64_t period = 2048;
        for (std::uint64_t written = 0; written < event_count(); written += period) {
            words.clear();
            const auto announcement = wire::announce(layout);
            for (const wire::word w : announcement.at)
                words.push_back(w);
            words.front() =
                wire::with_flags(words.front(), written == 0 ? 0 : wire::flag_continues);
            words.push_back(wire::make_control(wire::control::checkpoint, running.events));
            for (std::uint64_t i = 0; i < period; ++i)
                words.push_back(running.next());
            if (std::fwrite(words.data(), sizeof words[0], words.size(), out) != words.size())
                std::abort();
        }
        std::fclose(out);
    }
    trace_file(const trace_file&) = delete;
    trace_file& operator=(const trace_file&) = delete;
    ~trace_file() { std::filesystem::remove(path_); }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

const std::filesystem::path& path() {
    static const trace_file file;
    return file.path();
}

void report(benchmark::State& state) {
    const auto events =
        static_cast<double>(event_count()) * static_cast<double>(state.iterations());
    state.counters["events/s"] = benchmark::Counter(events, benchmark::Counter::kIsRate);
    state.counters["bytes/s"] = benchmark::Counter(
        static_cast<double>(std::filesystem::file_size(path())) *
            static_cast<double>(state.iterations()),
        benchmark::Counter::kIsRate,
        benchmark::Counter::kIs1024
    );
}

/// The floor: every byte copied out of the page cache once.
void bare_read(benchmark::State& state) {
    std::vector<char> buffer(std::size_t{1} << 18U);
    path();
    for (auto _ : state) {
        const int file = ::open(path().c_str(), O_RDONLY);
        while (::read(file, buffer.data(), buffer.size()) > 0)
            benchmark::DoNotOptimize(buffer.data());
        ::close(file);
    }
    report(state);
}

void table(benchmark::State& state) {
    path();
    for (auto _ : state) {
        statistics usage;
        const auto from = source::open(path());
        const auto found = from->read(usage);
        if (!found || found->gaps != 0) std::abort();
        benchmark::DoNotOptimize(usage.peak_bytes());
    }
    report(state);
}

void demand_for_the_optimiser(benchmark::State& state) {
    path();
    for (auto _ : state) {
        const auto made = make_demand(*source::open(path()));
        benchmark::DoNotOptimize(made->steps.data());
    }
    report(state);
}

BENCHMARK(bare_read)->Unit(benchmark::kMillisecond);
BENCHMARK(table)->Unit(benchmark::kMillisecond);
BENCHMARK(demand_for_the_optimiser)->Unit(benchmark::kMillisecond);

} // namespace
} // namespace drone::trace

BENCHMARK_MAIN();
