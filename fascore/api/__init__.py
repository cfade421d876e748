"""The verbs of the Python interface, one file each; `import fascore` offers all of them by name."""
