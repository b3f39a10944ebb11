// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "config/toml.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drone::config {

/// A table of Drone.toml as its reader sees it: typed values by key, and errors that name the file,
/// the line and the column. Private to config/.
class table {
public:
    /// `label` is how messages call the table: "[heap]".
    table(const toml::table& values, std::string file, std::string label)
        : values_(&values), file_(std::move(file)), label_(std::move(label)) {}

    [[nodiscard]] const std::string& label() const noexcept { return label_; }
    [[nodiscard]] bool has(std::string_view key) const { return values_->contains(key); }

    /// An error at that key's value, or at the table itself when there is no such key.
    [[nodiscard]] std::unexpected<error> error_at(std::string_view key, std::string what) const;
    [[nodiscard]] std::unexpected<error> error_at(const toml::node& node, std::string what) const;
    [[nodiscard]] std::unexpected<error> error_here(std::string what) const;

    /// Refuses keys that are not among these. `tables_too` lets unknown keys pass that hold tables.
    [[nodiscard]] result<void>
    only(std::span<const std::string_view> known, bool tables_too = false) const;
    [[nodiscard]] result<void> only(std::initializer_list<std::string_view> known) const {
        return only(std::span(known.begin(), known.size()));
    }

    /// The values, absent when the key is; another type is an error.
    [[nodiscard]] result<std::optional<std::string>> text(std::string_view key) const;
    [[nodiscard]] result<std::optional<bool>> truth(std::string_view key) const;
    /// A size or an address: a number, or a text that parse_size() reads; at most 32 bits.
    [[nodiscard]] result<std::optional<std::uint32_t>> number(std::string_view key) const;
    /// A text, a whole number or a list of them, as texts; none when the key is absent.
    [[nodiscard]] result<std::vector<std::string>> words(std::string_view key) const;
    [[nodiscard]] result<std::optional<table>> child(std::string_view key) const;
    [[nodiscard]] result<const toml::array*> array(std::string_view key) const; ///< null if absent

    /// Every key, sorted.
    [[nodiscard]] std::vector<std::string> keys() const;
    /// Every table in this one with its key, by key.
    [[nodiscard]] std::vector<std::pair<std::string, table>> children() const;

    /// The same, where an absent key is an error. `example` shows how to write it.
    [[nodiscard]] result<std::uint32_t>
    required_number(std::string_view key, std::string_view example) const;
    [[nodiscard]] result<table>
    required_child(std::string_view key, std::string_view example) const;

    /// The element of an array as a table, called `label`.
    [[nodiscard]] result<table> element(const toml::node& node, std::string label) const;

private:
    [[nodiscard]] std::string child_label(std::string_view key) const;

    const toml::table* values_;
    std::string file_;
    std::string label_;
};

} // namespace drone::config
