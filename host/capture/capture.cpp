// SPDX-License-Identifier: MIT
#include "capture/capture.hpp"

#include "capture/byte_queue.hpp"
#include "capture/source_reader.hpp"
#include "capture/wrong_kind.hpp"
#include "stream/timeline.hpp"

#include <fmt/format.h>

#include <chrono>
#include <poll.h>
#include <sstream>
#include <string>
#include <sys/stat.h>

namespace drone::capture {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// What may wait between reading and writing.
constexpr std::size_t queue_bytes = std::size_t{64} * 1024 * 1024;
constexpr std::size_t file_batch_bytes = std::size_t{256} * 1024;
constexpr auto status_period = 250ms;
/// Without a byte for so long, packets that wait for their successors are released.
constexpr auto silence = 100ms;
/// Without a byte for so long, the user gets a message.
constexpr auto long_silence = 5s;
constexpr auto reopen_period = 500ms;

/// Counts packets on their way.
class counting_sink : public stream::packet_sink {
public:
    counting_sink(stream::packet_sink& to, progress& counts) : to_(to), counts_(counts) {}

    void on_packet(const stream::located_packet& found) override {
        if (const auto* bad = std::get_if<stream::malformed>(&found.value)) {
            counts_.malformed += bad->length;
        } else if (const auto* gone = std::get_if<stream::missing>(&found.value)) {
            counts_.missing += gone->length;
        } else {
            ++counts_.packets;
            if (std::holds_alternative<stream::overflow>(found.value)) ++counts_.overflows;
        }
        to_.on_packet(found);
    }

    void on_run(const stream::software_run& run) override {
        counts_.packets += run.count();
        to_.on_run(run);
    }

    [[nodiscard]] bool wants_writes_alone() const override { return to_.wants_writes_alone(); }
    void on_writes(const stream::write_batch& batch) override {
        counts_.packets += batch.packets;
        to_.on_writes(batch);
    }

private:
    stream::packet_sink& to_;
    progress& counts_;
};

bool is_regular_file(int fd) {
    struct stat status{};
    return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

class run_of_capture {
public:
    run_of_capture(const settings& how, sink& to, observer& hears, stop_signal& stop)
        : how_(how), to_(to), hears_(hears), stop_(stop),
          decoder_(stream::make_decoder(how.format)),
          timeline_(to, {.time = to.wants_time(), .writes_alone = to.wants_writes_alone()}),
          sink_(timeline_, counts_), kind_(how.format) {}

    progress run() {
        // An output that could not be opened is reported before anything is waited for.
        tell_failures();
        while (!to_.deaf() && !stop_.requested()) {
            auto from = how_.open();
            if (!from) {
                if (!how_.comes_back) {
                    hears_.failure(from.error());
                    break;
                }
                notice_once(fmt::format("waiting for {}", from.error().message));
                wait(reopen_period);
                continue;
            }
            read(**from);
            close(**from);
            if (stop_.requested()) break;
            if (!how_.comes_back) {
                if (how_.tells_end && (*from)->live())
                    hears_.notice(fmt::format("{} closed", (*from)->name()));
                break;
            }
            notice_once(fmt::format("{} closed; waiting for it to come back", (*from)->name()));
            decoder_->lose(0, sink_);
            finish_batch();
            wait(reopen_period);
        }
        decoder_->finish(sink_);
        timeline_.release();
        to_.finish();
        finish_batch();
        report(true);
        for (const std::string& line : to_.remarks())
            hears_.notice(line);
        if (const auto line = kind_.remark(counts_.malformed)) hears_.notice(*line);
        return counts_;
    }

private:
    void read(source& from) {
        last_notice_.clear();
        if (is_regular_file(from.descriptor()))
            read_file(from);
        else
            read_live(from);
    }

    void close(source& from) {
        const auto said = from.close();
        if (!said && how_.comes_back) return hears_.notice(said.error().message);
        if (!said) return hears_.failure(said.error());
        std::istringstream lines(*said);
        for (std::string line; std::getline(lines, line);)
            hears_.notice(line);
    }

    /// A file waits for us; no thread is needed.
    void read_file(source& from) {
        std::vector<std::uint8_t> buffer(file_batch_bytes);
        while (!stop_.requested() && !to_.deaf()) {
            const auto got = from.read(buffer);
            if (!got) return hears_.failure(got.error());
            take({buffer.data(), got->size});
            if (got->ended) return;
        }
    }

    void read_live(source& from) {
        byte_queue queue(queue_bytes);
        const source_reader reader(from, queue, stop_, began_);
        auto last_byte = clock::now();
        bool told = false;
        while (!to_.deaf()) {
            const auto next = queue.pop(silence);
            counts_.queue_fill = queue.fill();
            if (!next) {
                timeline_.release();
                finish_batch();
                if (!told && clock::now() - last_byte > long_silence) {
                    hears_.notice(fmt::format("nothing from {} for 5 s", from.name()));
                    told = true;
                }
                continue;
            }
            if (next->lost != 0) decoder_->lose(next->lost, sink_);
            if (!next->bytes.empty()) {
                if (from.live()) to_.arrived(next->arrived_microseconds);
                last_byte = clock::now();
                told = false;
                take(next->bytes);
            }
            if (next->failure) hears_.failure(*next->failure);
            if (next->ended) break;
        }
    }

    void take(std::span<const std::uint8_t> bytes) {
        counts_.bytes += bytes.size();
        kind_.look_at(bytes);
        decoder_->feed(bytes, sink_);
        finish_batch();
    }

    void finish_batch() {
        to_.flush();
        tell_failures();
        report(false);
    }

    void tell_failures() {
        for (const error& what : to_.take_failures())
            hears_.failure(what);
    }

    void report(bool at_the_end) {
        const auto now = clock::now();
        if (!at_the_end && now - reported_ < status_period) return;
        reported_ = now;
        const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now - began_);
        counts_.microseconds = static_cast<std::uint64_t>(since.count());
        hears_.status(counts_);
    }

    /// Says it, unless it was the last thing said.
    void notice_once(const std::string& line) {
        if (line == last_notice_) return;
        hears_.notice(line);
        last_notice_ = line;
    }

    /// Returns early when the user asks to stop.
    void wait(std::chrono::milliseconds period) const {
        pollfd asked{.fd = stop_.descriptor(), .events = POLLIN, .revents = 0};
        ::poll(&asked, 1, static_cast<int>(period / 1ms));
    }

    const settings& how_;
    sink& to_;
    observer& hears_;
    stop_signal& stop_;
    clock::time_point began_ = clock::now();
    clock::time_point reported_ = began_;
    progress counts_;
    std::unique_ptr<stream::decoder> decoder_;
    stream::timeline timeline_;
    counting_sink sink_;
    wrong_kind kind_;
    std::string last_notice_;
};

} // namespace

progress run(const settings& how, sink& to, observer& hears, stop_signal& stop) {
    return run_of_capture(how, to, hears, stop).run();
}

} // namespace drone::capture
