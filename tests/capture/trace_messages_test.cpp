// SPDX-License-Identifier: MIT
#include "capture/trace_messages.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace drone::capture {

namespace {

using bytes = std::vector<std::uint8_t>;

result<bytes> decoded(std::string_view text, std::size_t piece) {
    trace_messages messages;
    bytes all;
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
        const auto part = text.substr(0, piece);
        bytes into(part.size());
        const auto size = messages.decode(
            {reinterpret_cast<const std::uint8_t*>(part.data()), part.size()}, into
        );
        if (!size) return std::unexpected(size.error());
        all.insert(all.end(), into.begin(), into.begin() + static_cast<std::ptrdiff_t>(*size));
    }
    return all;
}

constexpr std::string_view session = "\x1a"
                                     "type target_trace data fb112233\r\n\x1a"
                                     "type target_event event halted\r\n\x1a"
                                     "type target_trace data 44\r\n\x1a";

} // namespace

TEST(TraceMessages, GiveTheTraceBytesAtAnySplit) {
    for (std::size_t piece = 1; piece <= session.size(); ++piece)
        EXPECT_EQ(decoded(session, piece).value(), (bytes{0xFB, 0x11, 0x22, 0x33, 0x44})) << piece;
}

TEST(TraceMessages, RefuseWhatIsNotHexadecimal) {
    EXPECT_FALSE(decoded("type target_trace data fx\r\n\x1a", 100));
    EXPECT_FALSE(decoded("type target_trace data f\r\n\x1a", 100));
}

TEST(TraceMessages, SayThatTheServerIsTooOld) {
    const auto refused = decoded("invalid command name \"tcl_trace\"\x1a", 3);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("tcl_trace"), std::string::npos);
}

} // namespace drone::capture
