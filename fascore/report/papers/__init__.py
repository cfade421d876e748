"""Printed numbers of papers, which plugins ship: their tables, their names, and runs of ours beside them."""
