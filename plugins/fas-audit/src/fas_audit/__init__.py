"""The shortcut audit: do labels leak through anything but the face? Imported by `fascore audit` only."""
