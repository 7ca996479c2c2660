"""Alembic's scripts: the schema of every room, from the first table on."""
