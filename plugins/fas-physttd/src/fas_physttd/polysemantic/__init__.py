"""Polysemantic spoof traces in RGB and depth (Li et al., Learning polysemantic spoof trace)."""
