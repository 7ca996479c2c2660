"""Permission: people and roles, policy, actions and their states, requests, decisions, grants.

Imports `audit` and `core`. Must not hold: Slack, connectors, models, or anything that acts.
"""
