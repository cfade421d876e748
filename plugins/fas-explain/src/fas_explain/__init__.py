"""Report sections that a spec requests under `trackers`: how the trained model represents its records."""
