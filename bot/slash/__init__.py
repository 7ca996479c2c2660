"""What people type after `/signoff`: `subcommands` is the way in, the longer ones beside it."""
