"""Charger programs of others against a stack of its own: `make foreign`. Their code is not here."""
