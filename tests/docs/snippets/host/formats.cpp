// SPDX-License-Identifier: MIT

// The worked bytes of docs/formats.md.

#include <drone/layout.hpp>
#include <drone/ram_ring.hpp>
#include <drone/region_code.hpp>
#include <drone/wire.hpp>

namespace {

using namespace drone::wire;

constexpr auto layout = drone::make_layout(1024, {{4, 10}, {12, 5}});
constexpr auto announcement = announce<false>(layout, 0, 0x5e9ac1);
constexpr word checkpoint = make_control(control::checkpoint, 0);

constexpr word first_digest() {
    std::uint32_t sum = announcement.seed;
    for (const word each : announcement.at)
        sum = digest(sum, each);
    return make_digest(digest(sum, checkpoint));
}

static_assert(announcement_size(2) == 10);
static_assert(announcement.at[0].bits == 0xA0020302);
static_assert(announcement.at[1].bits == 0xA10003FF);
static_assert(announcement.at[2].bits == 0xA2000004 && announcement.at[3].bits == 0xA300000A);
static_assert(announcement.at[4].bits == 0xA200000C && announcement.at[5].bits == 0xA3000005);
static_assert(announcement.at[6].bits == 0xAA5E9AC1);
static_assert(announcement.at[7].bits == 0xA42F31B9);
static_assert(checkpoint.bits == 0xA5000000);
static_assert(first_digest().bits == 0xBEF01AAE);
static_assert(event(operation::allocate, 0, 40 + 11 - 1).bits == 0x00000032);
static_assert(event(operation::resize, 1, 40 + 12 - 1).bits == 0x41000033);
static_assert(event(operation::deallocate, 2, 40).bits == 0x22000028);
static_assert(make_control(control::context, 15).bits == 0xA900000F);
static_assert(caller(0x0800'0134).bits == 0x8400009A);
static_assert(event(operation::allocate, 3, 36 + 4 - 1).bits == 0x03000027);

constexpr region_code of_64k(0, 64 * 1024, 8);
static_assert(of_64k.encode(4096, 100) == 512 + 8192 * 99 && 512 + 8192 * 99 == 0xC6200);
static_assert(of_64k.size_limit() == 2047 && of_64k.decode(of_64k.encode(0, 2047)).size == 2047);
static_assert(of_64k.decode(of_64k.encode(0, 2048)).size == 0);
static_assert(region_code(0, 1024 * 1024, 8).size_limit() == 127);

static_assert(drone::ring_header::magic_low == 0xB6E193D7);
static_assert(drone::ring_header::magic_high == 0x8FA52C9B);
static_assert(drone::ring_header::format_version == 1);

} // namespace
