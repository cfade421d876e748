"""The documents that users write, the plan that the check makes of them, and their JSON Schema."""
