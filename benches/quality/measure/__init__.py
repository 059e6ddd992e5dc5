"""Measured detection quality: labelled texts, scanners, scores. See ../README.md."""
