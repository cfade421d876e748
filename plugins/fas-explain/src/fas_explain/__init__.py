"""Sections of the report that a spec asks for under `trackers`: what the trained model makes of its records."""
