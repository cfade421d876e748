"""Runs and studies: from a spec to a folder with weights, scores, metrics and a report."""
