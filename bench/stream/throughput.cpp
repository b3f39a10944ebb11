// SPDX-License-Identifier: MIT

// How fast a file becomes port files, beside a plain copy of the same file: reads, decodes and
// writes as `drone log --input FILE OUT:31` does. Bytes per second are those of the input.

#include "capture/capture.hpp"
#include "capture/outputs.hpp"
#include "realistic.hpp"
#include "stream/encode.hpp"

#include <drone/wire.hpp>

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace {

using namespace drone;

constexpr std::size_t input_bytes = 200'000'000;

std::filesystem::path folder() {
    return std::filesystem::temp_directory_path() / ("drone_bench_" + std::to_string(::getpid()));
}

/// A native heap trace on port 31 and nothing else.
stream::byte_string heap_stream() {
    stream::byte_string bytes;
    const wire::word begin = wire::make_begin({.size = 1 << 20, .alignment = 4, .pool_count = 3});
    stream::encode_itm(stream::software{.port = 31, .value = begin.bits}, bytes);
    for (std::uint32_t i = 0; bytes.size() < input_bytes; ++i) {
        const auto op = i % 2 == 0 ? wire::operation::allocate : wire::operation::deallocate;
        const wire::word word = wire::event(op, i, i * 2'654'435'761U & wire::data_mask);
        stream::encode_itm(stream::software{.port = 31, .value = word.bits}, bytes);
    }
    return bytes;
}

stream::byte_string text_stream() {
    stream::byte_string bytes;
    for (std::uint32_t i = 0; bytes.size() < input_bytes; ++i)
        stream::encode_itm(stream::software{.port = 0, .size = 1, .value = 'a' + i % 26}, bytes);
    return bytes;
}

stream::byte_string framed(const stream::byte_string& data) {
    stream::byte_string frames;
    stream::tpiu_framer framer;
    framer.put(1, data, frames);
    framer.finish(frames);
    return frames;
}

std::string write(const char* name, const stream::byte_string& bytes) {
    std::filesystem::create_directories(folder());
    const auto path = (folder() / name).string();
    std::ofstream(path, std::ios::binary)
        .write(
            reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size())
        );
    return path;
}

const std::string& swo_file() {
    static const std::string path = write("swo", heap_stream());
    return path;
}
const std::string& realistic_file() {
    static const std::string path = write("realistic", bench::realistic_stream(input_bytes));
    return path;
}
const std::string& tpiu_file() {
    static const std::string path = write("tpiu", framed(heap_stream()));
    return path;
}
const std::string& text_file() {
    static const std::string path = write("text", text_stream());
    return path;
}

struct silent : capture::observer {
    void notice(std::string_view) override {}
    void failure(const error& what) override {
        std::fprintf(stderr, "%s\n", what.message.c_str());
        std::abort();
    }
    void status(const capture::progress&) override {}
};

void capture_file(
    benchmark::State& state, const std::string& input, stream::format format, std::uint8_t port
) {
    const std::string to = (folder() / "out").string();
    silent hears;
    capture::stop_signal stop;
    for (auto step : state) {
        capture::distinct_files files;
        const auto outputs = capture::open_outputs(
            {.outputs = {{.path = to, .ports = {port}}}}, files, stop, [](std::string_view) {}
        );
        if (!outputs) std::abort();
        const auto seen = capture::run(
            {.format = format, .open = [&] { return capture::open_source(input); }},
            **outputs,
            hears,
            stop
        );
        benchmark::DoNotOptimize(seen);
    }
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(input));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * size);
}

void copy_of_the_same_file(benchmark::State& state) {
    const std::string to = (folder() / "copy").string();
    const std::string from = swo_file();
    std::vector<char> buffer(256 * 1024);
    for (auto step : state) {
        const base::descriptor in(::open(from.c_str(), O_RDONLY));
        const base::descriptor out(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600));
        for (;;) {
            const ssize_t size = ::read(in.get(), buffer.data(), buffer.size());
            if (size <= 0) break;
            if (::write(out.get(), buffer.data(), static_cast<std::size_t>(size)) != size)
                std::abort();
        }
    }
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(from));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * size);
}

void heap_words_to_a_port_file(benchmark::State& state) { capture_file(state, swo_file(), {}, 31); }
void realistic_to_a_port_file(benchmark::State& state) {
    capture_file(state, realistic_file(), {}, 31);
}
void heap_words_in_tpiu_frames(benchmark::State& state) {
    capture_file(state, tpiu_file(), {.how = stream::framing::tpiu}, 31);
}
void text_by_single_bytes(benchmark::State& state) { capture_file(state, text_file(), {}, 0); }

} // namespace

BENCHMARK(copy_of_the_same_file)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(heap_words_to_a_port_file)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(realistic_to_a_port_file)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(heap_words_in_tpiu_frames)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(text_by_single_bytes)->UseRealTime()->Unit(benchmark::kMillisecond);

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    std::filesystem::remove_all(folder());
    return 0;
}
