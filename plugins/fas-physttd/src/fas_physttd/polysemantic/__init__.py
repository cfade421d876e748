"""Polysemantic spoof traces of RGB and depth (Li et al., Learning polysemantic spoof trace)."""
