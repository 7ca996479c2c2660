"""Acting: the tool contract, the registry, prepare and executor, one package per connector.

Only `prepare`, `executor` and `registry` import `approvals` and `audit`; connectors import
`tools.contract` and `core` alone. Must not hold: Slack, models, or who may do what.
"""
