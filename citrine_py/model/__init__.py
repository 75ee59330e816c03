"""What we remember, as data: collections, fields, their owners and keys."""
