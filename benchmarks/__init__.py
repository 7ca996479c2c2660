"""The figures we hold ourselves to: medians, ratios within one run, method beside each."""
