"""Landmark: the moments that change whether customers come back, per mission."""
