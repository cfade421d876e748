"""The data path: decoding, the prepared store, modalities in dependency order, and batches."""
