"""What other systems tell us of: the rules, the signed door, recorded once, and its turn."""
