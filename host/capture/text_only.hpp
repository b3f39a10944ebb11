// SPDX-License-Identifier: MIT
#pragma once

#include "capture/port_set.hpp"
#include "capture/sink.hpp"
#include "capture/unasked.hpp"

#include <array>
#include <memory>
#include <utility>

namespace drone::capture {

/// Passes on the writes to ports that carry text, for a terminal: to a terminal, the bytes of a
/// heap trace would be commands. A port carries text until its first byte that is not part of UTF-8
/// text. The rest is counted, not passed on. The heap trace's port never carries text.
class text_only : public sink {
public:
    explicit text_only(std::unique_ptr<sink> to) : to_(std::move(to)) {
        binary_.set(heap_trace_port);
    }

    void on_packet(const stream::located_packet& found) override;
    [[nodiscard]] bool wants_time() const override { return to_->wants_time(); }
    void arrived(std::uint64_t microseconds) override { to_->arrived(microseconds); }
    void flush() override { to_->flush(); }
    void finish() override { to_->finish(); }
    [[nodiscard]] bool deaf() const override { return to_->deaf(); }
    [[nodiscard]] std::vector<error> take_failures() override { return to_->take_failures(); }
    [[nodiscard]] std::vector<std::string> remarks() const override { return hidden_.remarks(); }

private:
    [[nodiscard]] bool is_text(const stream::software& written);

    std::unique_ptr<sink> to_;
    port_set binary_;
    std::array<std::uint8_t, 256> continues_{}; ///< bytes that a port's character still lacks
    unasked hidden_{{}, "packets that are not shown here"};
};

} // namespace drone::capture
