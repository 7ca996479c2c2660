"""Pure Block Kit builders: frozen values in, plain dicts out. No Slack, no SQL, no clock."""
