"""fas-rppg: remote photoplethysmography (rPPG), the pulse in a face, as an input of fascore. Importing it imports neither numpy nor torch."""
