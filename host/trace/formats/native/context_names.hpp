// SPDX-License-Identifier: MIT
#pragma once

#include <drone/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace drone::trace {

/// Names of contexts, from the letters that context words carry. A name is taken whole or not at all.
class context_names {
public:
    /// A letter of the name of that context; false: no name has it.
    [[nodiscard]] bool letter(std::uint16_t context, std::uint32_t letter) {
        constexpr std::size_t longest = 64;
        if (letter < ' ' || letter == 0x7F) return false;
        if (context != context_) begin(context, context_ != unknown);
        if (text_.size() < longest) text_ += static_cast<char>(letter);
        return true;
    }
    /// The context is said, so its name is over. It is kept in `names` if `believed`.
    void end(std::uint16_t context, bool believed, std::map<std::uint16_t, std::string>& names) {
        if (context == context_ && is_whole_ && believed && !text_.empty())
            names[context] = std::move(text_);
        begin(context, true);
    }
    /// A check: the target begins the name under way again.
    void restart() { begin(none, true); }
    /// Words are missing.
    void break_off() { begin(unknown, false); }

private:
    static constexpr std::uint32_t none = wire::context_limit;
    static constexpr std::uint32_t unknown = none + 1;

    void begin(std::uint32_t context, bool whole) {
        context_ = context;
        is_whole_ = whole;
        text_.clear();
    }

    std::uint32_t context_ = unknown; ///< whose name is being said, or that was said last
    bool is_whole_ = false;           ///< from its first letter on
    std::string text_;
};

} // namespace drone::trace
