// SPDX-License-Identifier: MIT
// Files that are given to `drone heap` and are not what it reads: each is named, with what to do.

#include "base/shell.hpp"
#include "stream/encode.hpp"
#include "tool.hpp"
#include "trace_writer.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <tuple>

namespace drone::cli {
namespace {

using testing::HasSubstr;

class ForeignTrace : public Tool {
protected:
    void expect_refused(const std::string& arguments, const testing::Matcher<std::string>& why) {
        const outcome left = drone(arguments);
        EXPECT_EQ(left.code, 1) << arguments;
        EXPECT_EQ(left.out, "") << arguments;
        EXPECT_THAT(left.err, why) << arguments;
    }
};

TEST_F(ForeignTrace, ACaptureInAnyFramingIsSentThroughDroneLog) {
    // A trace of 200 events on port 29, framed in every way.
    trace::native_writer writer;
    writer.announce();
    for (std::uint32_t i = 0; i < 100; ++i)
        writer.allocate(1, i % 16, 12).deallocate(1, i % 16);
    writer.checkpoint();
    stream::byte_string swo;
    stream::byte_string dso;
    for (const wire::word w : writer.words) {
        stream::encode_itm(stream::software{.port = 29, .value = w.bits}, swo);
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&w.bits);
        stream::encode_dso(29, {bytes, sizeof w.bits}, dso);
    }
    stream::tpiu_framer framer;
    stream::byte_string tpiu;
    framer.put(5, swo, tpiu);
    framer.finish(tpiu);
    const auto text = [](const stream::byte_string& bytes) {
        return std::string(bytes.begin(), bytes.end());
    };
    for (const auto& [file, content, option] :
         {std::tuple("swo", text(swo), ""),
          std::tuple("a dso", text(dso), " --format dso"),
          std::tuple("tpiu", text(tpiu), " --format tpiu:5")}) {
        write(file, content);
        const std::string name = base::shell_word(file);
        const std::string command = "log --input " + name + option + " heaptrace:29";
        expect_refused("heap -f " + name, HasSubstr("`drone " + command + "`"));
        EXPECT_EQ(drone(command).code, 0);
        EXPECT_THAT(drone("heap").out, HasSubstr("         12 |        1 |               100"));
        // From the middle on, with no announcement in it, and no ID in the frames.
        write(file, content.substr(content.size() / 2 / 16 * 16));
        const std::string without_id =
            std::string(option).substr(0, std::strlen(" --format tpiu:"));
        expect_refused("heap -f " + name, HasSubstr("drone log --input " + name + without_id));
    }
}

TEST_F(ForeignTrace, ATraceOfAnOlderFormatIsNoCaptureWhateverItsSizes) {
    for (unsigned size = 0; size < 256; ++size) { // headers of packets, most of them
        std::string trace;
        for (int pair = 0; pair < 100; ++pair)
            for (const char operation : {'\0', '\1'}) {
                trace += operation;
                trace += static_cast<char>(size);
                trace.append(3, '\0');
            }
        write("old", trace);
        EXPECT_EQ(drone("heap -f old").code, 0) << size;
    }
}

TEST_F(ForeignTrace, ANativeTraceOfANewerVersionIsRefused) {
    trace::native_writer writer;
    writer.announce().allocate(1, 0, 12).checkpoint();
    for (std::uint32_t version = wire::version + 1; version < 16; ++version) {
        writer.words[0].bits = (writer.words[0].bits & 0xFF00'FFFFU) | version << 16U;
        write("new", writer.bytes());
        expect_refused(
            "heap -f new",
            HasSubstr(
                "new: is a native trace of version " + std::to_string(version) +
                ", and this drone reads versions up to " + std::to_string(wire::version)
            )
        );
    }
    // Words of another byte order say nothing of a version.
    std::string turned;
    for (const wire::word w : writer.words)
        for (unsigned shift = 32; shift != 0;)
            turned += static_cast<char>(w.bits >> (shift -= 8) & 0xFFU);
    write("turned", turned);
    expect_refused("heap -f turned", HasSubstr("turned: this is not a heap trace"));
    // Behind a trace of a version that is known: what it says is not taken for something else.
    trace::native_writer old;
    old.announce().allocate(1, 0, 12).deallocate(1, 0).checkpoint();
    write("both", old.bytes() + writer.bytes());
    const outcome left = drone("heap -f both --json");
    EXPECT_EQ(left.code, 0);
    EXPECT_THAT(left.out, HasSubstr("\"double_frees\": 0"));
    EXPECT_THAT(left.out, HasSubstr("\"contradictions\": 0"));
}

} // namespace
} // namespace drone::cli
