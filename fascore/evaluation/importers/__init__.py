"""Score files of other systems, turned to fascore's convention: what a file does not say of itself, the user says."""
