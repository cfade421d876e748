"""Score tables, thresholds and rates: usable with no model at all."""
