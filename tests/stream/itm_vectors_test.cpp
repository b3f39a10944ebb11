// SPDX-License-Identifier: MIT

// Conformance: every ITM vector decodes to its packets and to its port files.

#include "collected.hpp"
#include "vectors.hpp"

#include <gmock/gmock.h>

#include <map>
#include <optional>

namespace drone::stream {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> texts(const std::vector<located_packet>& packets) {
    std::vector<std::string> all;
    for (const located_packet& found : packets)
        all.push_back(text(found));
    return all;
}

/// The capture that `expected` (x.canon.txt, x.synced.canon.txt, x.portNNN.expected.bin) is of.
std::optional<fs::path> capture_of(const fs::path& expected) {
    std::string stem = expected.string();
    for (const std::string part : {".canon.txt", ".synced", ".expected.bin"})
        if (stem.ends_with(part)) stem.resize(stem.size() - part.size());
    if (const auto port = stem.rfind(".port"); port != std::string::npos) stem.resize(port);
    for (const std::string ending : {".bin", ".bin.gz", ".itm.bin", ".expected.bin"})
        if (fs::exists(stem + ending)) return stem + ending;
    return std::nullopt;
}

void expect_packets(const fs::path& expected, start from) {
    SCOPED_TRACE(expected.string());
    const auto capture = capture_of(expected);
    ASSERT_TRUE(capture);
    EXPECT_EQ(texts(decode_itm(vectors::bytes(*capture), from)), vectors::lines(expected));
}

} // namespace

TEST(ItmVectors, DecodeToTheirPacketsFromTheFirstByte) {
    const auto all = vectors::files(".canon.txt");
    ASSERT_FALSE(all.empty());
    for (const fs::path& expected : all) {
        if (expected.string().ends_with(".synced.canon.txt")) continue;
        expect_packets(expected, start::at_once);
    }
}

TEST(ItmVectors, DecodeToTheirPacketsAfterASynchronisation) {
    const auto all = vectors::files(".synced.canon.txt");
    ASSERT_FALSE(all.empty());
    for (const fs::path& expected : all)
        expect_packets(expected, start::after_synchronisation);
}

TEST(ItmVectors, GiveTheirPortsPayloadExactly) {
    int compared = 0;
    for (const fs::path& expected : vectors::files(".expected.bin")) {
        const std::string name = expected.filename().string();
        const auto at = name.find(".port");
        if (at == std::string::npos) continue;
        SCOPED_TRACE(name);
        const int port = std::stoi(name.substr(at + 5, 3));
        std::vector<std::uint8_t> payload;
        const auto capture = capture_of(expected);
        ASSERT_TRUE(capture);
        for (const located_packet& found : decode_itm(vectors::bytes(*capture))) {
            const auto* written = std::get_if<software>(&found.value);
            if (written == nullptr || written->port != port) continue;
            for (int i = 0; i < written->size; ++i)
                payload.push_back(static_cast<std::uint8_t>(written->value >> 8 * i));
        }
        EXPECT_EQ(payload, vectors::bytes(expected));
        ++compared;
    }
    EXPECT_GE(compared, 8);
}

} // namespace drone::stream
