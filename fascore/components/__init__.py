"""The core's own components, by kind; each is an entry point like any plugin's."""
