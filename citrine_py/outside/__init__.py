"""Calls to other people's servers that rules ask for: who they are, where they may not be."""
