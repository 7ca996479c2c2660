"""Proof: events, their erasable bodies, their order, and the stories told from them.

Imports only `core`. Must not hold: decisions about what is allowed, or anything that acts.
"""
