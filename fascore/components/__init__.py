"""The built-in components, grouped by kind. Each is registered as an entry point, like any plugin's."""
