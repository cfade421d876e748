"""`python -m fascore` is the command `fascore`."""

from fascore.cli import main

main()
