"""PhySTD (Liu and Liu, Physics-guided spoof trace disentanglement for generic face anti-spoofing)."""
