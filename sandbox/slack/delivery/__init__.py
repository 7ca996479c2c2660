"""Bringing events, clicks and commands to the app: Socket Mode or signed HTTP, with retries."""
