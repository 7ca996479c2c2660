"""One package per system, each with `make(ports)`; they import `tools.contract` and `core` alone."""
