// SPDX-License-Identifier: MIT
#include "config/table.hpp"

#include "config/config.hpp"
#include "config/nearest.hpp"

#include <algorithm>
#include <limits>

namespace drone::config {

namespace {

constexpr std::uint64_t limit = std::numeric_limits<std::uint32_t>::max();

std::string_view type_name(const toml::node& node) {
    switch (node.type()) {
    case toml::node_type::table:
        return "a table";
    case toml::node_type::array:
        return "a list";
    case toml::node_type::string:
        return "a text";
    case toml::node_type::integer:
        return "a whole number";
    case toml::node_type::floating_point:
        return "a fraction";
    case toml::node_type::boolean:
        return "true or false";
    default:
        return "a date or time";
    }
}

} // namespace

std::unexpected<error> table::error_at(const toml::node& node, std::string what) const {
    const toml::source_position at = node.source().begin;
    return fail(fmt::format("{}:{}:{}: {}", file_, at.line, at.column, what));
}

std::unexpected<error> table::error_at(std::string_view key, std::string what) const {
    const toml::node* const node = values_->get(key);
    return error_at(node != nullptr ? *node : *values_, std::move(what));
}

std::unexpected<error> table::error_here(std::string what) const {
    return error_at(*values_, std::move(what));
}

result<void> table::only(std::span<const std::string_view> known, bool tables_too) const {
    for (const auto& [key, value] : *values_) {
        if (std::ranges::find(known, key.str()) != known.end()) continue;
        if (tables_too && value.is_table()) continue;
        const std::string_view meant = nearest(key.str(), known);
        const toml::source_position at = key.source().begin;
        return fail(fmt::format(
            "{}:{}:{}: unknown key \"{}\" in {}; {}",
            file_,
            at.line,
            at.column,
            key.str(),
            label_,
            meant.empty() ? fmt::format("the known keys are {}", fmt::join(known, ", "))
                          : fmt::format("did you mean \"{}\"?", meant)
        ));
    }
    return {};
}

result<std::optional<std::string>> table::text(std::string_view key) const {
    const toml::node* const node = values_->get(key);
    if (node == nullptr) return std::nullopt;
    if (const auto* const value = node->as_string()) return value->get();
    return error_at(
        *node, fmt::format("\"{}\" is {}; write a text in quotes", key, type_name(*node))
    );
}

result<std::optional<bool>> table::truth(std::string_view key) const {
    const toml::node* const node = values_->get(key);
    if (node == nullptr) return std::nullopt;
    if (const auto* const value = node->as_boolean()) return value->get();
    return error_at(*node, fmt::format("\"{}\" is {}; write true or false", key, type_name(*node)));
}

result<std::optional<std::uint32_t>> table::number(std::string_view key) const {
    const toml::node* const node = values_->get(key);
    if (node == nullptr) return std::nullopt;
    std::uint64_t number = 0;
    if (const auto* const whole = node->as_integer()) {
        if (whole->get() < 0)
            return error_at(
                *node,
                fmt::format("\"{}\" is {}; write a number that is not negative", key, whole->get())
            );
        number = static_cast<std::uint64_t>(whole->get());
    } else if (const auto* const written = node->as_string()) {
        const result<std::uint64_t> size = parse_size(written->get());
        if (!size) return error_at(*node, fmt::format("\"{}\": {}", key, size.error().message));
        number = *size;
    } else {
        return error_at(
            *node,
            fmt::format("\"{}\" is {}; write 512, \"0x800\" or \"10K\"", key, type_name(*node))
        );
    }
    if (number > limit)
        return error_at(
            *node, fmt::format("\"{}\" is {}, beyond 32 bits; write at most {}", key, number, limit)
        );
    return static_cast<std::uint32_t>(number);
}

result<std::vector<std::string>> table::words(std::string_view key) const {
    const toml::node* const node = values_->get(key);
    if (node == nullptr) return {};
    std::vector<std::string> words;
    const auto add = [&](const toml::node& word) -> result<void> {
        if (const auto* const text = word.as_string())
            words.push_back(text->get());
        else if (const auto* const number = word.as_integer(); number && number->get() >= 0)
            words.push_back(fmt::format("{}", number->get()));
        else
            return error_at(
                word,
                fmt::format(
                    "\"{}\" has {}; write texts in quotes, or numbers that are not negative",
                    key,
                    type_name(word)
                )
            );
        return {};
    };
    const toml::array* const list = node->as_array();
    if (list == nullptr) {
        if (const auto added = add(*node); !added) return std::unexpected(added.error());
        return words;
    }
    for (const toml::node& word : *list)
        if (const auto added = add(word); !added) return std::unexpected(added.error());
    return words;
}

result<std::optional<table>> table::child(std::string_view key) const {
    const toml::node* const node = values_->get(key);
    if (node == nullptr) return std::nullopt;
    const std::string name = child_label(key);
    if (const toml::table* const value = node->as_table()) return table(*value, file_, name);
    return error_at(
        *node, fmt::format("\"{}\" is {}; write a table, {}", key, type_name(*node), name)
    );
}

std::string table::child_label(std::string_view key) const {
    if (!label_.starts_with('[')) return fmt::format("[{}]", key); // this is the whole file
    return fmt::format("{}.{}]", std::string_view(label_).substr(0, label_.size() - 1), key);
}

std::vector<std::string> table::keys() const {
    std::vector<std::string> found;
    for (const auto& [key, value] : *values_)
        found.emplace_back(key.str());
    return found;
}

std::vector<std::pair<std::string, table>> table::children() const {
    std::vector<std::pair<std::string, table>> found;
    for (const auto& [key, value] : *values_)
        if (const toml::table* const inner = value.as_table())
            found.emplace_back(key.str(), table(*inner, file_, child_label(key.str())));
    return found;
}

result<const toml::array*> table::array(std::string_view key) const {
    const toml::node* const node = values_->get(key);
    if (node == nullptr) return nullptr;
    if (const toml::array* const value = node->as_array()) return value;
    return error_at(*node, fmt::format("\"{}\" is {}; write a list in [ ]", key, type_name(*node)));
}

result<std::uint32_t> table::required_number(std::string_view key, std::string_view example) const {
    const result<std::optional<std::uint32_t>> value = number(key);
    if (!value) return std::unexpected(value.error());
    const auto& there = *value;
    if (!there)
        return error_here(fmt::format("{} has no \"{}\"; add {} = {}", label_, key, key, example));
    return *there;
}

result<table> table::required_child(std::string_view key, std::string_view example) const {
    result<std::optional<table>> value = child(key);
    if (!value) return std::unexpected(value.error());
    const auto& there = *value;
    if (!there)
        return error_here(fmt::format("{} has no \"{}\"; add {} = {}", label_, key, key, example));
    return *there;
}

result<table> table::element(const toml::node& node, std::string label) const {
    if (const toml::table* const value = node.as_table())
        return table(*value, file_, std::move(label));
    return error_at(node, fmt::format("{} is {}; write a table in {{ }}", label, type_name(node)));
}

} // namespace drone::config
