// SPDX-License-Identifier: MIT

// How fast native traces are read for the table of `drone heap`, beside a bare read of the same
// file.
//
//     build/bench/trace_bench            DRONE_BENCH_EVENTS=1000000000 for another number of events
//
#include "base/file_bytes.hpp"
#include "random_trace.hpp"
#include "trace/formats/native/follower.hpp"
#include "trace/read.hpp"
#include "usage/make_demand.hpp"
#include "usage/statistics.hpp"
#include "usage/watch_model.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <unistd.h>

namespace drone::trace {
namespace {

std::uint64_t event_count() {
    const char* const asked = std::getenv("DRONE_BENCH_EVENTS");
    return asked != nullptr ? std::strtoull(asked, nullptr, 10) : 100'000'000;
}

/// The trace file, written once and deleted at the end.
class trace_file {
public:
    trace_file()
        : path_(
              std::filesystem::temp_directory_path() / ("drone-bench-" + std::to_string(::getpid()))
          ) {
        std::FILE* const out = std::fopen(path_.c_str(), "wb");
        if (out == nullptr || !random_trace().write(event_count(), out) || std::fclose(out) != 0)
            std::abort();
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

/// The floor: the same mapping, its words summed.
void bare_read(benchmark::State& state) {
    path();
    for (auto _ : state) {
        const auto file = base::file_bytes::open(path());
        const std::span<const std::byte> bytes = file->bytes();
        std::uint32_t sum = 0;
        for (std::size_t at = 0; at + sizeof sum <= bytes.size(); at += sizeof sum) {
            std::uint32_t word = 0;
            std::memcpy(&word, &bytes[at], sizeof word);
            sum += word;
        }
        benchmark::DoNotOptimize(sum);
    }
    report(state);
}

void table(benchmark::State& state) {
    path();
    for (auto _ : state) {
        usage::statistics usage;
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
        const auto made = usage::make_demand(*source::open(path()));
        benchmark::DoNotOptimize(made->steps.data());
    }
    report(state);
}

/// `drone heap watch`: words as they arrive, and what it shows.
void looked_on(benchmark::State& state) {
    path();
    constexpr std::size_t piece = std::size_t{1} << 20U;
    for (auto _ : state) {
        const auto file = base::file_bytes::open(path());
        usage::watch_model model;
        native_follower follower(model);
        for (auto rest = file->bytes(); !rest.empty();
             rest = rest.subspan(std::min(piece, rest.size())))
            follower.feed(rest.first(std::min(piece, rest.size())));
        if (follower.found().gaps != 0) std::abort();
        benchmark::DoNotOptimize(model.bytes().most);
    }
    report(state);
}

BENCHMARK(bare_read)->Unit(benchmark::kMillisecond);
BENCHMARK(looked_on)->Unit(benchmark::kMillisecond);
BENCHMARK(table)->Unit(benchmark::kMillisecond);
BENCHMARK(demand_for_the_optimiser)->Unit(benchmark::kMillisecond);

} // namespace
} // namespace drone::trace

BENCHMARK_MAIN();
