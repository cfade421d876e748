"""fas-physttd: disentanglement of spoof traces. Importing this package does not import torch."""
