-- Another program altogether: matrices, memoised functions, a queue, long strings.
collectgarbage("setpause", 120)
local function matrix(n, f)
    local m = {}
    for i = 1, n do
        m[i] = {}
        for j = 1, n do m[i][j] = f(i, j) end
    end
    return m
end
local function product(a, b)
    local n = #a
    return matrix(n, function(i, j)
        local sum = 0
        for k = 1, n do sum = sum + a[i][k] * b[k][j] end
        return sum
    end)
end
local m = matrix(8, function(i, j) return (i * j) % 7 end)
local power = m
for step = 1, 6 do
    power = product(power, m)
    local trace = 0
    for i = 1, #power do
        power[i][i] = power[i][i] % 1000
        trace = trace + power[i][i]
    end
    print(string.format("step %d: trace %d", step, trace))
end

local known = {}
local function ways(n)
    if n < 0 then return 0 end
    if n == 0 then return 1 end
    if not known[n] then known[n] = (ways(n - 1) + ways(n - 3) + ways(n - 4)) % 1000003 end
    return known[n]
end
print("ways: " .. ways(90))

local queue, first, last = {}, 1, 0
for i = 1, 400 do
    last = last + 1
    queue[last] = { number = i, text = ("x"):rep(i % 23) }
    if i % 3 == 0 then
        for _ = 1, 2 do
            queue[first] = nil
            first = first + 1
        end
    end
    while last - first > 60 do
        queue[first] = nil
        first = first + 1
    end
end
local length = 0
for i = first, last do length = length + #queue[i].text end
print("queue: " .. last - first + 1 .. " items, " .. length .. " letters")

local lines = {}
for i = 1, 60 do lines[#lines + 1] = ("%d:%s"):format(i, ("ab"):rep(i % 11)) end
local text = table.concat(lines, ",")
local count = 0
for _ in text:gmatch("ab") do count = count + 1 end
print("text: " .. #text .. " letters, " .. count .. " times ab, reversed " .. text:reverse():sub(1, 12))
