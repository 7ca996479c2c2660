"""The control API: people act, time moves, things fail, and everything can be looked at."""
