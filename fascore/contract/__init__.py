"""The thin core: everything that the author of a plugin sees. Importing it imports pydantic, pluggy and the standard library only."""
