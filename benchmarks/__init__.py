"""The figures of DESIGN section 9, measured: medians, ratios within one run, method beside each."""
