"""What runs inside the server: one script per operation, so that each is one step and one trip.

A thread is two keys in one hash slot. `KEYS[1]` is a sorted set of members ordered by their bytes:
`c NUL ns NUL checkpoint` for each checkpoint, `w NUL ns NUL checkpoint NUL task NUL idx` for each
pending write. `KEYS[2]` is a hash with the same members as fields, besides

- `g`, `f`: the thread's generation and the highest fence that has written,
- `b NUL ns NUL channel NUL version`: one channel's value,
- `v NUL ns NUL checkpoint`: the names of its `b` fields, joined by 0x1F.

Both keys share one time to live, refreshed by every write: no part can expire under the rest.
"""

from __future__ import annotations

#: ARGV[1] fence or "", ARGV[2] generation or "". A thread once opened takes only writes that name
#: its generation, so one that vanished in mid-run cannot be written on.
_GATE = """
local gate = redis.call('HMGET', KEYS[2], 'g', 'f')
if (gate[1] or '') ~= ARGV[2] then
  return redis.error_reply('WRONGGENERATION ' .. (gate[1] or 'none'))
end
if gate[2] and ARGV[1] ~= '' and tonumber(ARGV[1]) < tonumber(gate[2]) then
  return redis.error_reply('STALEFENCE ' .. gate[2])
end
if ARGV[1] ~= '' and gate[2] ~= ARGV[1] then redis.call('HSET', KEYS[2], 'f', ARGV[1]) end
"""

_KEEP = """
redis.call('PEXPIRE', KEYS[1], ttl)
redis.call('PEXPIRE', KEYS[2], ttl)
"""

#: ARGV[1] fence, ARGV[2] generation, ARGV[3] ttl ms: empties the thread and gives it a generation.
OPEN = """
local fence = redis.call('HGET', KEYS[2], 'f')
if fence and tonumber(ARGV[1]) < tonumber(fence) then
  return redis.error_reply('STALEFENCE ' .. fence)
end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[2], 'g', ARGV[2], 'f', ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
"""

#: ARGV[3] ttl ms, ARGV[4] parent member or "", ARGV[5] the checkpoint's member, then field/value
#: pairs, the checkpoint's own among them.
PUT = (
    _GATE
    + """
if ARGV[2] ~= '' and ARGV[4] ~= '' and not redis.call('ZSCORE', KEYS[1], ARGV[4]) then
  return redis.error_reply('WRONGGENERATION truncated')
end
local ttl = ARGV[3]
redis.call('ZADD', KEYS[1], 0, ARGV[5])
redis.call('HSET', KEYS[2], unpack(ARGV, 6))
"""
    + _KEEP
)

#: ARGV[3] ttl ms, then (member, value, "1" to replace or "0" to keep the first) triples.
PUT_WRITES = (
    _GATE
    + """
local ttl = ARGV[3]
for i = 4, #ARGV, 3 do
  if ARGV[i + 2] == '1' then
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
    redis.call('ZADD', KEYS[1], 0, ARGV[i])
  elseif redis.call('HSETNX', KEYS[2], ARGV[i], ARGV[i + 1]) == 1 then
    redis.call('ZADD', KEYS[1], 0, ARGV[i])
  end
end
"""
    + _KEEP
)

#: ARGV[1] namespace, ARGV[2] checkpoint id or "" for the newest. Answers nil or
#: {id, record, {channel field, value, ...}, {write member, value, ...}}.
GET = """
local id = ARGV[2]
local head = 'c\\0' .. ARGV[1] .. '\\0'
if id == '' then
  local newest = redis.call('ZRANGE', KEYS[1], '(c\\0' .. ARGV[1] .. '\\1', '[' .. head,
    'BYLEX', 'REV', 'LIMIT', 0, 1)[1]
  if not newest then return nil end
  id = string.sub(newest, #head + 1)
end
local both = redis.call('HMGET', KEYS[2], head .. id, 'v\\0' .. ARGV[1] .. '\\0' .. id)
if not both[1] then return nil end
local channels = {}
for field in string.gmatch(both[2] or '', '[^\\31]+') do
  local value = redis.call('HGET', KEYS[2], field)
  if value then
    channels[#channels + 1] = field
    channels[#channels + 1] = value
  end
end
local writes = {}
local stem = 'w\\0' .. ARGV[1] .. '\\0' .. id
local first, past = '[' .. stem .. '\\0', '(' .. stem .. '\\1'
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], first, past, 'BYLEX')) do
  writes[#writes + 1] = member
  writes[#writes + 1] = redis.call('HGET', KEYS[2], member)
end
return {id, both[1], channels, writes}
"""

ALL = (OPEN, PUT, PUT_WRITES, GET)
