// SPDX-License-Identifier: MIT
#include "config/heaps.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace drone::config {

namespace {

constexpr std::array<std::string_view, 7> heap_keys = {
    "size", "pools", "overflow", "align", "origin", "memory", "permanent"
};

std::string hex(std::uint64_t address) { return fmt::format("{:#010x}", address); }

result<std::vector<pool_spec>> read_pools(const table& section, const toml::array& list) {
    std::vector<pool_spec> pools;
    for (const toml::node& node : list) {
        const result<table> entry =
            section.element(node, fmt::format("pool {} of {}", pools.size() + 1, section.label()));
        if (!entry) return std::unexpected(entry.error());
        if (const auto known = entry->only({"block", "capacity"}); !known)
            return std::unexpected(known.error());
        const auto block = entry->required_number("block", "\"16\"");
        if (!block) return std::unexpected(block.error());
        const auto capacity = entry->required_number("capacity", "10");
        if (!capacity) return std::unexpected(capacity.error());
        pools.push_back({.block = *block, .capacity = *capacity});
    }
    return pools;
}

std::unexpected<error> no_room(const table& section, const heap& h) {
    return section.error_at(
        "size",
        fmt::format(
            "{} has an overflow region of {} bytes, too few for one block; raise \"size\"{}",
            section.label(),
            h.size - pool_bytes(h),
            h.pools.empty() ? "" : " or lower capacities"
        )
    );
}

/// What check_layout() found wrong, in words, at the pool it concerns.
result<void> check_pools(const table& section, const toml::array& list, const heap& h) {
    std::size_t where = 0;
    const layout_error problem = check_layout(
        h.pools.data(),
        h.pools.size(),
        h.size,
        h.alignment,
        &where,
        h.overflow ? overflow::region : overflow::none
    );
    const auto at_pool = [&](std::string what) -> std::unexpected<error> {
        return section.error_at(
            list[where], fmt::format("pool {} of {} {}", where + 1, section.label(), what)
        );
    };
    switch (problem) {
    case layout_error::none:
    case layout_error::bad_alignment: // check_alignment() has said it
        return {};
    case layout_error::no_pools:
        return section.error_at(
            list,
            fmt::format(
                "{} has an empty list of pools; add one, {{ block = \"16\", capacity = 10 }}, or "
                "overflow = true",
                section.label()
            )
        );
    case layout_error::block_zero:
        return at_pool(fmt::format("has blocks of 0 bytes; the smallest block is {}", granule));
    case layout_error::block_not_granule:
        return at_pool(fmt::format(
            "has blocks of {} bytes, not a multiple of {}; write {}",
            h.pools[where].block,
            granule,
            (std::uint64_t{h.pools[where].block} + granule - 1) / granule * granule
        ));
    case layout_error::capacity_zero:
        return at_pool("has a capacity of 0; remove it or give it a block");
    case layout_error::not_ascending:
        return at_pool(
            h.pools[where].block == h.pools[where - 1].block
                ? fmt::format(
                      "has blocks of {} bytes as the one before; make them one pool",
                      h.pools[where].block
                  )
                : fmt::format(
                      "has blocks of {} bytes after blocks of {}; list pools by ascending block",
                      h.pools[where].block,
                      h.pools[where - 1].block
                  )
        );
    case layout_error::no_room:
        return no_room(section, h);
    case layout_error::exceeds_heap:
        break;
    }
    const std::uint64_t used = pool_bytes(h);
    return section.error_at(
        list,
        fmt::format(
            "the pools of {} take {} bytes, {} more than its size of {}; raise \"size\", lower "
            "capacities, or let `drone heap generate` compute pools that fit",
            section.label(),
            used,
            used - h.size,
            h.size
        )
    );
}

result<void> check_alignment(const table& section, const heap& h) {
    const std::uint32_t least = least_alignment(h.overflow ? overflow::region : overflow::none);
    const bool power = h.alignment >= least && h.alignment <= alignment_limit &&
                       (h.alignment & (h.alignment - 1)) == 0;
    if (!power)
        return section.error_at(
            "align",
            fmt::format(
                "\"align\" is {}; {}write a power of two from {} to {}",
                h.alignment,
                h.overflow ? "with overflow = true " : "",
                least,
                alignment_limit
            )
        );
    if (!h.origin) return {};
    if (*h.origin == 0)
        return section.error_at(
            "origin",
            fmt::format(
                "\"origin\" is 0, where the first block would be null; write at least {}",
                h.alignment
            )
        );
    if (*h.origin % h.alignment != 0)
        return section.error_at(
            "origin",
            fmt::format(
                "\"origin\" is {}, not a multiple of {}, the heap's alignment",
                hex(*h.origin),
                h.alignment
            )
        );
    if (std::uint64_t{*h.origin} + h.size > std::uint64_t{1} << 32)
        return section.error_at(
            "origin",
            fmt::format(
                "{} reaches beyond the last address, 0xffffffff; lower \"origin\" or \"size\"",
                section.label()
            )
        );
    return {};
}

result<heap> read_heap(const table& section, std::string name, bool may_hold_heaps) {
    if (const auto known = section.only(heap_keys, may_hold_heaps); !known)
        return std::unexpected(known.error());
    heap h;
    h.name = std::move(name);
    const auto size = section.required_number("size", "\"10K\"");
    if (!size) return std::unexpected(size.error());
    if (*size == 0)
        return section.error_at("size", "\"size\" is 0; a heap needs at least one block");
    h.size = *size;
    const auto alignment = section.number("align");
    if (!alignment) return std::unexpected(alignment.error());
    h.alignment = alignment->value_or(default_alignment);
    const auto origin = section.number("origin");
    if (!origin) return std::unexpected(origin.error());
    h.origin = *origin;
    auto place = section.text("memory");
    if (!place) return std::unexpected(place.error());
    h.memory = std::move(*place).value_or("");
    if (h.origin && !h.memory.empty())
        return section.error_at(
            "memory", "\"memory\" and \"origin\" both say where the heap is; keep one of them"
        );
    const auto beyond = section.truth("overflow");
    if (!beyond) return std::unexpected(beyond.error());
    h.overflow = beyond->value_or(false);
    if (const auto fine = check_alignment(section, h); !fine) return std::unexpected(fine.error());

    auto permanent = section.words("permanent");
    if (!permanent) return std::unexpected(permanent.error());
    h.permanent = std::move(*permanent);

    const auto list = section.array("pools");
    if (!list) return std::unexpected(list.error());
    if (*list == nullptr) {
        if (h.overflow && place_region(0, h.size).granules == 0)
            h.unusable = no_room(section, h).error();
        return h;
    }
    auto pools = read_pools(section, **list);
    if (!pools) return std::unexpected(pools.error());
    h.pools = std::move(*pools);
    if (const auto fine = check_pools(section, **list, h); !fine) h.unusable = fine.error();
    return h;
}

/// A heap's name becomes part of a C++ name.
bool is_name(std::string_view name) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    };
    return !name.empty() && std::ranges::all_of(name, letter);
}

/// `[heap.NAME]` defines heap_NAME and heap_NAME_origin in C++, so no heap may be called like another
/// with _origin at its end.
result<void>
check_generated_names(const table& section, const heap& h, const std::vector<heap>& others) {
    for (const heap& other : others)
        if (h.name == other.name + "_origin" || other.name == h.name + "_origin")
            return section.error_here(fmt::format(
                "{} and [heap.{}] would both define heap_{}_origin; rename one of them",
                section.label(),
                other.name,
                std::min(h.name, other.name)
            ));
    return {};
}

/// A further heap has a memory or an origin, and no other heap may be at that origin.
result<void> check_place(const table& section, const heap& h, const std::vector<heap>& others) {
    if (h.name != main_heap && !h.origin && h.memory.empty())
        return section.error_here(fmt::format(
            "{} has no \"origin\"; add origin = \"0x10000000\", the address of this heap, or memory = "
            "\"ccm\", a memory of [memory]",
            section.label()
        ));
    if (!h.origin) return {};
    for (const heap& other : others) {
        if (!other.origin) continue;
        const std::uint64_t begin = std::max(*h.origin, *other.origin);
        const std::uint64_t end =
            std::min(std::uint64_t{*h.origin} + h.size, std::uint64_t{*other.origin} + other.size);
        if (begin < end)
            return section.error_at(
                "origin",
                fmt::format(
                    "{} overlaps [heap.{}] from {} to {}; move one of them",
                    section.label(),
                    other.name,
                    hex(begin),
                    hex(end)
                )
            );
    }
    return {};
}

/// The linker fills the memories: a heap without an origin must fit in its own, one with an origin must
/// be apart from all of them.
result<void> check_memory(const table& section, const heap& h, const memory& m) {
    if (!h.origin) {
        const std::string_view name = h.memory.empty() ? "ram" : std::string_view(h.memory);
        const region* place = name == "ram" ? &m.ram : nullptr;
        for (const auto& [other, at] : m.more)
            if (name == other) place = &at;
        if (place == nullptr)
            return section.error_at(
                "memory", fmt::format("[memory] has no RAM \"{}\"; add it there", name)
            );
        if (h.size <= place->size) return {};
        return section.error_at(
            "size",
            fmt::format(
                "{} is {} bytes, more than the {} of [memory] {}; lower \"size\"",
                section.label(),
                h.size,
                place->size,
                name
            )
        );
    }
    std::vector<std::pair<std::string, region>> filled = {{"flash", m.flash}, {"ram", m.ram}};
    filled.insert(filled.end(), m.more.begin(), m.more.end());
    for (const auto& [name, place] : filled) {
        const std::uint64_t begin = std::max(*h.origin, place.origin);
        const std::uint64_t end =
            std::min(std::uint64_t{*h.origin} + h.size, std::uint64_t{place.origin} + place.size);
        if (begin < end)
            return section.error_at(
                "origin",
                fmt::format(
                    "{} overlaps [memory] {}, which the linker fills, from {} to {}; leave "
                    "\"origin\" out, or end {} before",
                    section.label(),
                    name,
                    hex(begin),
                    hex(end),
                    name
                )
            );
    }
    return {};
}

} // namespace

std::uint64_t pool_bytes(const heap& h) noexcept {
    std::uint64_t bytes = 0;
    for (const pool_spec& pool : h.pools)
        bytes += std::uint64_t{pool.block} * pool.capacity;
    return bytes;
}

result<std::vector<heap>> read_heaps(const table& section, const std::optional<memory>& memory) {
    std::vector<heap> heaps;
    const auto add = [&](const table& place, std::string name, bool may_hold_heaps
                     ) -> result<void> {
        auto h = read_heap(place, std::move(name), may_hold_heaps);
        if (!h) return std::unexpected(h.error());
        if (auto fine = check_generated_names(place, *h, heaps); !fine) return fine;
        if (auto fine = check_place(place, *h, heaps); !fine) return fine;
        if (memory)
            if (auto fine = check_memory(place, *h, *memory); !fine) return fine;
        heaps.push_back(std::move(*h));
        return {};
    };

    if (const auto known = section.only(heap_keys, true); !known)
        return std::unexpected(known.error());
    const bool is_main =
        std::ranges::any_of(heap_keys, [&](std::string_view key) { return section.has(key); });
    if (is_main)
        if (const auto added = add(section, std::string(main_heap), true); !added)
            return std::unexpected(added.error());
    auto places = section.children();
    std::ranges::stable_partition(places, [](const auto& place) {
        return place.first == main_heap;
    });
    for (const auto& [name, place] : places) {
        if (is_main && name == main_heap)
            return place.error_here("[heap] and [heap.main] are the same heap; keep one of them");
        if (!is_name(name))
            return place.error_here(fmt::format(
                "{} is not a name for a heap; use letters, digits and underscores", place.label()
            ));
        if (const auto added = add(place, name, false); !added)
            return std::unexpected(added.error());
    }
    if (heaps.empty()) return section.error_here("[heap] is empty; add size = \"10K\"");
    return heaps;
}

} // namespace drone::config
