#pragma once

// The sensor link: packets arrive in an interrupt, which takes their memory from the heap and gives
// it back, whatever the rest of the program is doing at that moment.
//
// The packets in flight stand in a ring. The interrupt moves its ends, the main loop the mark in
// between, so that neither ever waits for the other:
//
//          freed_           read_            arrived_
//     ------|---- given back --|---- to be read --|------
//            interrupt          main loop          interrupt

#include "packet.hpp"

#include <array>
#include <atomic>
#include <cstdint>

class sensor_link {
public:
    /// Packets in flight at most; then the sensors wait.
    static constexpr std::uint32_t window = 16;

    /// A link that brings this many packets and then falls silent.
    explicit constexpr sensor_link(std::uint32_t packets) : packets_(packets) {}

    /// The interrupt: frees one packet that was given back, takes the next from the wire.
    void tick() noexcept;

    /// The oldest packet that has not been given back, or null. Main loop.
    [[nodiscard]] const packet* receive() const noexcept;
    /// Gives that packet back. Main loop.
    void give_back() noexcept;

    /// Whether the sensors are waiting for the main loop.
    [[nodiscard]] bool full() const noexcept { return arrived_ - freed_ == window; }
    /// Whether every packet has come and gone.
    [[nodiscard]] bool silent() const noexcept { return freed_ == packets_; }

private:
    std::uint32_t packets_;
    std::array<packet*, window> ring_{};
    std::atomic<std::uint32_t> freed_ = 0;
    std::atomic<std::uint32_t> read_ = 0;
    std::atomic<std::uint32_t> arrived_ = 0;
};
