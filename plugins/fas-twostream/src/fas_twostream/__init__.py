"""A lightweight two-stream video model for face presentation attack detection as fascore components."""
