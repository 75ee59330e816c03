"""`citrine-py up`: Postgres, Directus and the service on one machine, without Docker."""
