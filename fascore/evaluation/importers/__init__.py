"""Score files of other systems, converted to fascore's convention. The user states what a file does not."""
