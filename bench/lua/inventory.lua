-- A store keeps parts, parses orders from text, and reports: tables, strings, closures, garbage of every size.
collectgarbage("setpause", 120) -- as small machines have it
local words = { "bolt", "nut", "washer", "bearing", "spring", "valve", "gasket", "shaft", "gear", "pin" }
local seed = 12345
local function random(limit)
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed // 65536 % limit + 1
end

local store = {}
local by_name = {}
local function add(name, size, count)
    local part = { name = name, size = size, count = count, log = {} }
    part.take = function(n)
        if part.count < n then return nil, string.format("%s %d: only %d left", name, size, part.count) end
        part.count = part.count - n
        part.log[#part.log + 1] = -n
        return true
    end
    store[#store + 1] = part
    by_name[name .. "/" .. size] = part
end
for i = 1, 28 do add(words[random(#words)], i, 20 + random(60)) end

local function order_text(lines)
    local text = {}
    for i = 1, lines do
        text[i] = words[random(#words)] .. "/" .. random(13) .. " x " .. random(9)
    end
    return table.concat(text, "; ")
end

local function parse(text)
    local items = {}
    for name, size, count in text:gmatch("(%a+)/(%d+) x (%d+)") do
        items[#items + 1] = { key = name .. "/" .. size, count = tonumber(count) }
    end
    return items
end

local served, missing, refused = 0, {}, 0
for day = 1, 40 do
    for _ = 1, 3 do
        for _, item in ipairs(parse(order_text(4 + random(12)))) do
            local part = by_name[item.key]
            if not part then
                missing[item.key] = (missing[item.key] or 0) + item.count
            elseif part.take(item.count) then
                served = served + 1
            else
                refused = refused + 1
                part.count = part.count + 30
            end
        end
    end
    if day % 10 == 0 then
        local most, total = nil, 0
        for key, count in pairs(missing) do
            total = total + count
            if not most or count > missing[most] or (count == missing[most] and key < most) then most = key end
        end
        print(string.format("day %d: served %d, refused %d, missing %d, most of all %s", day, served, refused, total, most))
        local kept = {}
        for key, count in pairs(missing) do
            if count > 3 then kept[key] = count end
        end
        missing = kept
    end
end

table.sort(store, function(a, b) return a.count < b.count or (a.count == b.count and a.size < b.size) end)
local report = ""
for i = 1, 12 do
    local part = store[i]
    report = report .. string.format("%-8s %3d %4d %s\n", part.name, part.size, part.count, #part.log)
end
print(report)
local sum = 0
for _, part in ipairs(store) do
    for _, n in ipairs(part.log) do sum = sum + n end
end
print("taken in all: " .. -sum)
