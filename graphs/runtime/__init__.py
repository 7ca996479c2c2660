"""Turns that survive: conversations and turns in SQL, leases, rebuild from recorded responses."""
