"""What runs inside the server: one script per operation, so that each is one step and one trip.

A thread is two keys in one hash slot. `KEYS[1]` is a sorted set of members ordered by their bytes:
`c NUL ns NUL checkpoint` for each checkpoint, `w NUL ns NUL checkpoint NUL task NUL idx` for each
pending write. `KEYS[2]` is a hash with the same members as fields, besides

- `g`, `f`: the thread's generation and the highest fence that has written,
- `i`: there while an interrupt waits for its answer,
- `b NUL ns NUL channel NUL version`: one channel's value,
- `v NUL ns NUL checkpoint`: the names of its `b` fields, joined by 0x1F: those that must be there,
  then 0x1E, then those that may be.

Both keys share one time to live, refreshed by every write: no part can expire under the rest.
Lists are taken in pieces, because Lua's `unpack` holds some thousands.
"""

from __future__ import annotations

#: ARGV[1] fence or "", ARGV[2] generation or ""; with neither nothing is checked. A write that is
#: checked must name the generation of the thread, so that one that vanished in mid-run, and was
#: opened for somebody else or not at all, is not written on.
_GATE = """
local gate = redis.call('HMGET', KEYS[2], 'g', 'f', 'i')
local checked = ARGV[1] ~= '' or ARGV[2] ~= ''
if checked and (gate[1] or '') ~= ARGV[2] then
  return redis.error_reply('WRONGGENERATION ' .. (gate[1] or 'none'))
end
if gate[2] and ARGV[1] ~= '' and tonumber(ARGV[1]) < tonumber(gate[2]) then
  return redis.error_reply('STALEFENCE ' .. gate[2])
end
if ARGV[1] ~= '' and gate[2] ~= ARGV[1] then redis.call('HSET', KEYS[2], 'f', ARGV[1]) end
"""

LIVE = """
local function live(ms)
  for _, key in ipairs(KEYS) do
    if ms == '' then redis.call('PERSIST', key) else redis.call('PEXPIRE', key, ms) end
  end
end
"""

PIECES = """
local function hmget(fields)
  if #fields == 0 then return {} end
  if #fields <= 1000 then return redis.call('HMGET', KEYS[2], unpack(fields)) end
  local values = {}
  for from = 1, #fields, 1000 do
    local last = math.min(from + 999, #fields)
    for _, value in ipairs(redis.call('HMGET', KEYS[2], unpack(fields, from, last))) do
      values[#values + 1] = value
    end
  end
  return values
end
local function remove(members)
  for from = 1, #members, 1000 do
    local last = math.min(from + 999, #members)
    redis.call('HDEL', KEYS[2], unpack(members, from, last))
    redis.call('ZREM', KEYS[1], unpack(members, from, last))
  end
end
local function checkpoints() return redis.call('ZRANGE', KEYS[1], '[c\\0', '(c\\1', 'BYLEX') end
"""

#: Removes checkpoints, their writes, and the values that no other checkpoint names.
REMOVE = (
    PIECES
    + """
local function drop(gone)
  if #gone == 0 then return end
  local orphans, doomed = {}, {}
  for _, member in ipairs(gone) do
    local rest = string.sub(member, 2)
    for field in string.gmatch(redis.call('HGET', KEYS[2], 'v' .. rest) or '', '[^\\30\\31]+') do
      orphans[field] = true
    end
    doomed[#doomed + 1], doomed[#doomed + 2] = member, 'v' .. rest
    local first, past = '[w' .. rest .. '\\0', '(w' .. rest .. '\\1'
    for _, write in ipairs(redis.call('ZRANGE', KEYS[1], first, past, 'BYLEX')) do
      doomed[#doomed + 1] = write
    end
  end
  remove(doomed)
  for _, member in ipairs(checkpoints()) do
    local named = redis.call('HGET', KEYS[2], 'v' .. string.sub(member, 2)) or ''
    for field in string.gmatch(named, '[^\\30\\31]+') do orphans[field] = nil end
  end
  doomed = {}
  for field in pairs(orphans) do doomed[#doomed + 1] = field end
  remove(doomed)
end
"""
)

#: ARGV[3] ttl ms, ARGV[4] parent's member or "", ARGV[5] namespace, ARGV[6] checkpoint id, ARGV[7]
#: how many checkpoints to keep or "" for all, then field/value pairs, the checkpoint's own among
#: them. The graph has moved on, so nothing waits any more once its root has a new checkpoint.
PUT = (
    _GATE
    + LIVE
    + REMOVE
    + """
if ARGV[2] ~= '' and ARGV[4] ~= '' and not redis.call('ZSCORE', KEYS[1], ARGV[4]) then
  return redis.error_reply('WRONGGENERATION truncated')
end
local stem = 'c\\0' .. ARGV[5]
local own = stem .. '\\0' .. ARGV[6]
redis.call('ZADD', KEYS[1], 0, own)
for from = 8, #ARGV, 1000 do
  redis.call('HSET', KEYS[2], unpack(ARGV, from, math.min(from + 999, #ARGV)))
end
if ARGV[7] ~= '' then
  local old = {}
  for _, member in ipairs(redis.call('ZRANGE', KEYS[1], '(' .. stem .. '\\1', '[' .. stem .. '\\0',
      'BYLEX', 'REV', 'LIMIT', ARGV[7], -1)) do
    -- A slow clock may have given this one a lower id than its parent's.
    if member ~= own then old[#old + 1] = member end
  end
  drop(old)
end
if gate[3] and ARGV[5] == '' then
  redis.call('HDEL', KEYS[2], 'i')
  gate[3] = false
end
if not gate[3] then live(ARGV[3]) end
"""
)

#: ARGV[3] ttl ms, ARGV[4] "1" where an interrupt is among them, ARGV[5] ttl ms while it waits or ""
#: for ever, then (member, value, "1" to replace or "0" to keep the first) triples.
PUT_WRITES = (
    _GATE
    + LIVE
    + """
for i = 6, #ARGV, 3 do
  if ARGV[i + 2] == '1' then
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
    redis.call('ZADD', KEYS[1], 0, ARGV[i])
  elseif redis.call('HSETNX', KEYS[2], ARGV[i], ARGV[i + 1]) == 1 then
    redis.call('ZADD', KEYS[1], 0, ARGV[i])
  end
end
if ARGV[4] == '1' then
  redis.call('HSET', KEYS[2], 'i', '1')
  live(ARGV[5])
elseif not gate[3] then
  live(ARGV[3])
end
"""
)

#: ARGV: (namespace, checkpoint id or "" for the newest) pairs. Answers, for each, nil or one
#: string, because a client reads one long answer much faster than many short ones: the lengths of
#: its parts, a line feed, and the parts: id, record, names of values, a value for each name (length
#: -1 where there is none), then (member, value) of each write.
GET = (
    PIECES
    + """
local function get(ns, id)
  local head = 'c\\0' .. ns .. '\\0'
  if id == '' then
    local newest = redis.call('ZRANGE', KEYS[1], '(c\\0' .. ns .. '\\1', '[' .. head,
      'BYLEX', 'REV', 'LIMIT', 0, 1)[1]
    if not newest then return false end
    id = string.sub(newest, #head + 1)
  elseif not redis.call('ZSCORE', KEYS[1], head .. id) then
    return false
  end
  local both = redis.call('HMGET', KEYS[2], head .. id, 'v\\0' .. ns .. '\\0' .. id)
  local split = both[2] and string.find(both[2], '\\30', 1, true)
  if not both[1] or not split then return nil end
  local lengths, parts = {#id, #both[1], #both[2]}, {id, both[1], both[2]}
  local function add(length, part) lengths[#lengths + 1], parts[#parts + 1] = length, part end
  local names, needed = {}, 0
  for at, field in string.gmatch(both[2], '()([^\\30\\31]+)') do
    names[#names + 1] = field
    if at < split then needed = #names end
  end
  local values = hmget(names)
  for i = 1, #names do
    if not values[i] and i <= needed then return nil end
    add(values[i] and #values[i] or -1, values[i] or nil)
  end
  local stem = 'w\\0' .. ns .. '\\0' .. id
  local writes = redis.call('ZRANGE', KEYS[1], '[' .. stem .. '\\0', '(' .. stem .. '\\1', 'BYLEX')
  values = hmget(writes)
  for i, write in ipairs(writes) do
    if not values[i] then return nil end
    add(#write, write)
    add(#values[i], values[i])
  end
  return table.concat(lengths, ' ') .. '\\n' .. table.concat(parts)
end
local found = {}
for i = 1, #ARGV, 2 do
  local one = get(ARGV[i], ARGV[i + 1])
  if one == nil then return redis.error_reply('UNREADABLE a part of it is missing') end
  found[#found + 1] = one
end
return found
"""
)
