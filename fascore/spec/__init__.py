"""The documents that users write, the plan that the check builds from them, and their JSON Schema."""
