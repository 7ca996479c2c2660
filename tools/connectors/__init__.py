"""One package per system, each with `make(ports)`; importing `tools.contract` and `core` alone."""
