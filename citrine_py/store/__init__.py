"""Records between memory, journal and Directus. Knows no OCPP."""
