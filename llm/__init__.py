"""Models: one client, tiers, prices, prompts and their versions, and the record of every answer.

Imports `audit` and `core`; the only room that imports `openai`. Must not hold: what to do with an
answer, or who may do it.
"""
