"""The shortcut audit: can a label be told without looking at the face? Imported by `fascore audit` only."""
