"""The Web API: one table of what each method takes, and the methods, by family."""
