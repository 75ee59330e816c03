"""HTTP for people and flows: messages from the catalogue, data from the collections."""
