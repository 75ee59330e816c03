"""The protocol as data, and one conversation without I/O. Imports no other floor."""
