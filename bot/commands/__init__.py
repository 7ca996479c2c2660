"""The commands of `signoff`: `run(args, environ) -> exit status` each."""
