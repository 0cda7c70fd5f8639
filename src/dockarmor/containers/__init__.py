"""Containers: what engines load, what they ask for, what a container is really confined by."""
