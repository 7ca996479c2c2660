"""The floor: database and transactions, outbox, leases, posts, clock, digests, ids, errors, logs.

Nothing here knows what Signoff does; every other room stands on it. Must not hold: Slack, models,
policy, or an import from any other room.
"""
