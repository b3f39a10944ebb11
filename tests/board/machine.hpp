// SPDX-License-Identifier: MIT
#pragma once

// A virtual board with one of the test firmwares in its flash, and all that it gave.

#include "board/board.hpp"
#include "board/elf.hpp"
#include "board/flash_file.hpp"
#include "paths.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace drone::board::test {

inline std::filesystem::path firmware_path(std::string_view name) {
    return std::filesystem::path(DRONE_FIRMWARE_DIR) / ("board_" + std::string(name) + ".elf");
}

class machine : public board_listener {
public:
    explicit machine(std::string_view name, const board_setup& setup = {}) {
        auto read = read_firmware(firmware_path(name));
        if (!read) throw std::runtime_error(read.error().message);
        program = std::move(*read);
        auto image = flash_image(program);
        if (!image) throw std::runtime_error(image.error().message);
        auto made = virtual_board::make(setup, *image, *this);
        if (!made) throw std::runtime_error(made.error().message);
        board_ = std::move(*made);
    }

    run_end run(const run_limits& limits = {.cycles = 20'000'000}) {
        run_end end = board_->run(limits);
        board_->flush_trace();
        return end;
    }

    /// Runs up to the first instruction of a function.
    void run_to(std::string_view name) {
        const run_end end = board_->run({.cycles = 20'000'000, .address = address_of(name)});
        if (end.why != run_end::kind::address) throw std::runtime_error("never came to it");
    }

    [[nodiscard]] std::uint32_t address_of(std::string_view name) const {
        const auto found = program.find(name);
        if (!found) throw std::runtime_error(found.error().message);
        return found->address;
    }

    [[nodiscard]] std::uint32_t variable(std::string_view name) const {
        return board_->processor().read_word(address_of(name)).value();
    }
    void set_variable(std::string_view name, std::uint32_t value) {
        std::memcpy(board_->processor().ram(address_of(name), 4).data(), &value, sizeof value);
    }

    bool swo(std::span<const std::uint8_t> bytes) override {
        sent.insert(sent.end(), bytes.begin(), bytes.end());
        return true;
    }
    void note(std::string_view line) override { notes.emplace_back(line); }

    virtual_board& operator*() { return *board_; }
    virtual_board* operator->() { return board_.get(); }

    firmware program;
    std::vector<std::uint8_t> sent;
    std::vector<std::string> notes;

private:
    std::unique_ptr<virtual_board> board_;
};

/// A board without synchronisation packets, so that what a firmware sends is all there is.
inline board_setup plain(std::uint32_t ports = 0xFFFF'FFFF) {
    board_setup setup;
    setup.probe->sync_tap = 0;
    setup.probe->ports = ports;
    return setup;
}

/// Payload bytes of one port. What is not a whole stimulus packet ends the reading with a failure.
inline std::string port_bytes(const std::vector<std::uint8_t>& sent, unsigned port) {
    std::string text;
    for (std::size_t i = 0; i < sent.size();) {
        const std::uint8_t header = sent[i];
        const unsigned size = (header & 3U) == 3U ? 4U : header & 3U;
        if ((header & 4U) != 0 || size == 0 || i + size >= sent.size()) {
            ADD_FAILURE() << "byte " << i << " is not a stimulus packet: " << unsigned{header};
            break;
        }
        if (header >> 3U == static_cast<int>(port)) {
            for (unsigned byte = 1; byte <= size; ++byte)
                text.push_back(static_cast<char>(sent[i + byte]));
        }
        i += size + 1;
    }
    return text;
}

} // namespace drone::board::test
