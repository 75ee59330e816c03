"""The proof: one folder for each floor, then the whole."""
