"""Printed numbers of five papers, as data: `<paper>.csv`, a row a cell, and `papers.json`, what they are and what of ours corresponds to them."""
