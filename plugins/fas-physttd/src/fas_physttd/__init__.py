"""fas-physttd: spoof traces, disentangled. Importing it imports no torch."""
