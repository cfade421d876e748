"""Several systems side by side, for people: terminal, HTML, Markdown, LaTeX, CSV."""
