"""The version of fascore."""

VERSION = "0.1.0"
