// SPDX-License-Identifier: MIT
// Prints what an event of the heap trace takes on the wire, counted over the firmware of a new
// project (the demo's) on the virtual board, with and without timestamps and TPIU frames. Nothing
// is timed; the figures repeat exactly.
//
//     build/bench/wire_bench [FEATURE]...     features of the build besides heaptrace

#include "stream/decoder.hpp"
#include "stream/describe.hpp"
#include "stream/tpiu_deframer.hpp"
#include "workshop.hpp"

#include <drone/wire.hpp>

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

using namespace drone;
namespace files = std::filesystem;

const bench::workshop shop{"wire"};

/// What bytes on the wire are of.
enum class share : std::uint8_t {
    events,
    alignments,
    callers,
    contexts,
    announcements,
    other_words,
    timestamps,
    synchronisations,
    frames,
    count,
};
constexpr std::array share_names{
    "events: header and word",
    "alignment words",
    "caller words",
    "context words",
    "announcements, checkpoints, digests",
    "other words",
    "timestamps",
    "synchronisation packets",
    "TPIU frames",
};
static_assert(share_names.size() == static_cast<std::size_t>(share::count));

share share_of(wire::word word) {
    if (word.is_event()) return share::events;
    if (word.op() == wire::operation::caller) return share::callers;
    if (word.op() != wire::operation::control) return share::other_words;
    if (word.as_control() == wire::control::alignment) return share::alignments;
    if (word.as_control() <= wire::control::checkpoint ||
        word.as_control() == wire::control::identity || word.as_control() == wire::control::digest)
        return share::announcements;
    if (word.as_control() == wire::control::context) return share::contexts;
    return share::other_words;
}

/// Adds up a stream. A packet takes the bytes up to the next one.
class count : public stream::packet_sink {
public:
    void on_packet(const stream::located_packet& found) override {
        end_at(found.offset);
        if (const auto* const written = std::get_if<stream::software>(&found.value)) {
            const wire::word word{written->value};
            if (written->port != 31 || written->size != 4) shop.give_up("a packet of another port");
            if (word.is_event()) ++events;
            open_ = share_of(word);
        } else if (std::holds_alternative<stream::local_timestamp>(found.value)) {
            open_ = share::timestamps;
        } else if (std::holds_alternative<stream::synchronisation>(found.value)) {
            open_ = share::synchronisations;
        } else {
            shop.give_up("the stream has " + stream::describe(found.value));
        }
    }
    void end_at(std::uint64_t offset) {
        of(open_) += offset - begun_;
        begun_ = offset;
    }
    [[nodiscard]] std::uint64_t& of(share what) { return bytes[static_cast<std::size_t>(what)]; }

    std::uint64_t events = 0;
    std::array<std::uint64_t, static_cast<std::size_t>(share::count)> bytes{};

private:
    share open_ = share::events;
    std::uint64_t begun_ = 0;
};

std::vector<std::uint8_t> read(const files::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// The ITM's stream in TPIU frames.
std::vector<std::uint8_t> take_out_of_frames(std::span<const std::uint8_t> sent) {
    std::vector<std::uint8_t> stream;
    stream::tpiu_deframer frames(1);
    frames.restart(stream::tpiu_deframer::no_source);
    if (frames.feed(sent, stream).used != sent.size()) shop.give_up("the frames are damaged");
    frames.finish(stream);
    return stream;
}

/// What the firmware sends with these options of drone-board.
count measure(std::string_view options) {
    shop.run(
        shop.project(),
        fmt::format(
            "drone-board run --flash-file .drone/flash.bin --ports 0x80000000 --swo swo {}", options
        )
    );
    std::vector<std::uint8_t> stream = read(shop.project() / "swo");
    count counted;
    if (options.find("--frames") != std::string_view::npos) {
        const std::size_t sent = stream.size();
        stream = take_out_of_frames(stream);
        counted.of(share::frames) = sent - stream.size();
    }
    const auto decoder = stream::make_decoder({});
    decoder->feed(stream, counted);
    decoder->finish(counted);
    counted.end_at(stream.size());
    if (counted.events == 0) shop.give_up("the firmware made no event");
    return counted;
}

void print(const std::vector<count>& columns) {
    fmt::print("{:38}", "bytes an event");
    for (const std::string_view name : {"bare", "timestamps", "frames", "both"})
        fmt::print("{:>12}", name);
    const auto row = [&](std::string_view name, auto figure) {
        fmt::print("\n{:38}", name);
        for (const count& column : columns)
            fmt::print("{:12.3f}", figure(column) / static_cast<double>(column.events));
    };
    for (std::size_t i = 0; i < share_names.size(); ++i) {
        const auto bytes = [i](const count& c) { return static_cast<double>(c.bytes[i]); };
        if (bytes(columns.front()) + bytes(columns.back()) > 0) row(share_names[i], bytes);
    }
    row("in all", [](const count& c) {
        return static_cast<double>(std::accumulate(c.bytes.begin(), c.bytes.end(), 0ULL));
    });
    fmt::print("\n");
}

} // namespace

int main(int argc, char** argv) {
    std::string features = "heaptrace";
    for (int i = 1; i < argc; ++i)
        features += fmt::format(";{}", argv[i]);
    shop.clear();
    shop.new_project(features);
    shop.run(shop.project(), "drone flash build/app.elf");
    std::vector<count> columns;
    for (const char* options : {"", "--timestamps", "--frames", "--timestamps --frames"})
        columns.push_back(measure(options));
    fmt::print(
        "The template's firmware, built with {}: {} events.\n\n", features, columns[0].events
    );
    print(columns);
    return 0;
}
