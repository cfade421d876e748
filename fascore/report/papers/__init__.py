"""Printed numbers of papers, shipped by plugins: their tables, their names, and fascore's runs beside them."""
