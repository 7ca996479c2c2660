"""LangGraph checkpoints on a plain Redis-protocol server, fenced. This is its manual (ADR 0005).

The package imports nothing of this project but `core.errors`; `langgraph-checkpoint`, `redis` and,
for encryption, `cryptography` are all it needs.

**The server.** Redis 6.2, 7 or 8, or Valkey; no modules. It uses hashes, sorted sets, expiry,
`UNLINK` and Lua scripts (`EVALSHA`). All keys of a thread lie in one hash slot, so a cluster serves
as well: hand `RedisSaver` a `redis.RedisCluster` and a `redis.asyncio.RedisCluster`. The server
should not evict (`maxmemory-policy noeviction`): a thread may lose a part of itself, which is
noticed by name.

**Connect and use.**

    from graphs.checkpoint.connect import open_saver

    saver = open_saver(url)
    graph = builder.compile(checkpointer=saver)
    config = {"configurable": {"thread_id": "order-4711"}}
    graph.invoke({"said": ["hello"]}, config, durability="sync")
    saver.close()

`open_async_saver` adds an asyncio client for `ainvoke`, one connection for all trips of an event
loop; its `aclose()` ends both. A saver may be shared by threads. Every put, put_writes and get is
one trip, whatever the number of channels.

**Fence.** Where several workers may take up a thread, whoever holds its lease passes the lease's
token, and the thread's generation from wherever the truth is kept:

    saver.open_thread("order-4711", generation=1, fence=7)
    config["configurable"] |= {"generation": 1, "fence": 7}

A put or put_writes with a lower fence than one already seen raises `StaleFence` and changes
nothing. A generation that the thread does not have, or none where it has one, raises
`WrongGeneration`, and so does a put whose parent is gone: a thread that the server lost is not
written on with half of its channels. Open it again under the next generation and run it from the
start. With neither given nothing is checked.

**Lifetime.** A thread has one time to live (`ttl`, a week) over all its keys, refreshed by every
write; choose it longer than any node runs. While an `interrupt()` waits for its answer the thread
does not expire at all, or after `waiting` where that is given; its next checkpoint ends the wait.
Delete threads that nobody will answer.

**Prune.** LangGraph keeps every checkpoint. `saver.prune([thread_id])` leaves the newest of each
namespace; `configurable["keep"] = n` has every put leave the newest n of its namespace, in the same
trip. Delta channels are read along ancestors: `prune` keeps those that the newest needs, and `keep`
leaves threads with delta channels alone.

    config["configurable"]["keep"] = 2
    saver.prune(["order-4711"])

**List.** Newest first, 50 checkpoints a trip. `filter` compares values of the metadata, nested ones
as a whole, after they are read; `list(None)` goes over the whole server.

**Encrypt.** Values, writes and metadata are encrypted; ids, and the names of channels and tasks,
are not. To rotate, put the new key first and take the old one away once no thread is that old:

    from graphs.checkpoint.cipher import encrypted

    saver = open_saver(url, serde=encrypted({"2026": new_key, "2025": old_key}))

**Types.** What `langgraph.checkpoint.serde` knows comes back as it was; tuples as lists; other
types as plain data, because stored bytes must not choose what is imported. A graph allows the types
of its own state when `LANGGRAPH_STRICT_MSGPACK=true` is set before LangGraph is imported; others
are allowed by `serde=JsonPlusSerializer(allowed_msgpack_modules=[...])`.

**Errors** (`graphs.checkpoint.errors`): `StaleFence`: stop, another worker has it.
`WrongGeneration`, `UnreadableCheckpoint` (truncated, foreign, or a key that is gone): rebuild.
`StoreUnavailable`: try again later; every write may be repeated.
"""
