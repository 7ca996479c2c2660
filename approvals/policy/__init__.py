"""The policy: what may be done, what must be asked, of whom.

`judge` is pure: plain values in, a verdict out (`rules`, `conditions`, `cases` and `verdict` beside
it). `file` reads it from YAML, `words` says it in sentences, `versions` keeps each one that was in
force, `fixtures` and `trying` hold it against examples and against what happened. Who the people
are, and what becomes of a question once it is asked, lives a level up.
"""
