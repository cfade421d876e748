"""The checks of the conformance suite, grouped by what they need."""
