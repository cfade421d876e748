"""The thin core: everything that a plugin author sees. It imports only pydantic, pluggy, and the standard library."""
