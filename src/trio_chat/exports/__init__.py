"""Exports: the history as text and as HTML, for people to read. `storage.json_lines` is the format
that can be imported again.
"""
