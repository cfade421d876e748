"""Estimated spoof traces against the true traces of rendered clips. Importing this module imports neither torch nor fas_phantom."""
