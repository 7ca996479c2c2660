"""`signoff demo` and `signoff up`: every process of the Procfile on one machine, kept alive."""
