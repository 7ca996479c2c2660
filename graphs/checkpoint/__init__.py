"""Checkpoints on a plain Redis-protocol server, fenced (ADR 0005). Imports only `core`."""
