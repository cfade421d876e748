"""Multi-level alignment and switch-attention fusion (mmFAS, Chen et al. 2025)."""
