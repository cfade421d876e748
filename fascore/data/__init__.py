"""The data path: decoding, the prepared store, modalities in order, batches."""
