"""Using a finished run on new material."""
