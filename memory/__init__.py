"""Recall: notes in SQL, which is the truth, and an index over their meaning in Chroma.

Imports `audit` and `core`; the only room that imports `chromadb`. Must not hold: authoritative
business data, or anything that acts on what it recalls.
"""
