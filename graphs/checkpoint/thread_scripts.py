"""As `scripts`: what is done to a thread as a whole. Off a turn's road but for `OPEN`."""

from __future__ import annotations

from graphs.checkpoint.scripts import LIVE, PIECES, REMOVE

#: ARGV[1] fence, ARGV[2] generation, ARGV[3] ttl ms: empties the thread and gives it a generation.
OPEN = """
local fence = redis.pcall('HGET', KEYS[2], 'f')  -- a foreign value under our key goes as well
if type(fence) == 'string' and tonumber(ARGV[1]) < tonumber(fence) then
  return redis.error_reply('STALEFENCE ' .. fence)
end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[2], 'g', ARGV[2], 'f', ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
"""

#: Answers the member, record and names of values of every checkpoint: {member, record, names, ...}.
HEADS = (
    PIECES
    + """
local fields, members = {}, checkpoints()
for _, member in ipairs(members) do
  fields[#fields + 1], fields[#fields + 2] = member, 'v' .. string.sub(member, 2)
end
local values, found = hmget(fields), {}
for i, member in ipairs(members) do
  found[#found + 1] = member
  found[#found + 1] = values[2 * i - 1]
  found[#found + 1] = values[2 * i]
end
return found
"""
)

#: Answers the member of every checkpoint.
IDS = "return redis.call('ZRANGE', KEYS[1], '[c\\0', '(c\\1', 'BYLEX')"

#: ARGV: members of the checkpoints that go.
DROP = REMOVE + "drop(ARGV)"

#: Answers {ttl ms or -1, {member, ...}, {field, value, ...}}, without generation and fence.
TAKE = """
local all, fields = redis.call('HGETALL', KEYS[2]), {}
for i = 1, #all, 2 do
  if all[i] ~= 'g' and all[i] ~= 'f' then
    fields[#fields + 1], fields[#fields + 2] = all[i], all[i + 1]
  end
end
return {redis.call('PTTL', KEYS[2]), redis.call('ZRANGE', KEYS[1], 0, -1), fields}
"""

#: ARGV[1] ttl ms or "", ARGV[2] how many members follow, then field/value pairs.
GIVE = (
    LIVE
    + """
local members = tonumber(ARGV[2])
for i = 3, 2 + members do redis.call('ZADD', KEYS[1], 0, ARGV[i]) end
for from = 3 + members, #ARGV, 1000 do
  redis.call('HSET', KEYS[2], unpack(ARGV, from, math.min(from + 999, #ARGV)))
end
live(ARGV[1])
"""
)

DELETE = "redis.call('UNLINK', KEYS[1], KEYS[2])"
GENERATION = "return redis.call('HGET', KEYS[2], 'g')"
