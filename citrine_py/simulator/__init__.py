"""A charging station of ours, for demos and tests. Knows nothing of the service's insides."""
