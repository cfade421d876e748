"""fas-rppg: the pulse in a face as an input of fascore. Importing it imports no numpy or torch."""
