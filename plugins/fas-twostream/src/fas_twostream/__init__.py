"""A light two-stream video model for face presentation-attack detection, as components of fascore."""
