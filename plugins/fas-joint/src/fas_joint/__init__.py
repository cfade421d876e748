"""Joint face spoofing and forgery detection (Yu et al., IEEE TDSC 2024) as fascore components."""
