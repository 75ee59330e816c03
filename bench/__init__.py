"""Benchmarks: the real service on a real Directus and Postgres, beside something plainer."""
