"""What Directus is given, applied without touching what is not ours."""
