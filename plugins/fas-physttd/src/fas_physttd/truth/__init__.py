"""Estimated spoof traces against the true ones, which rendered clips know. Importing this module imports no torch and no fas_phantom."""
