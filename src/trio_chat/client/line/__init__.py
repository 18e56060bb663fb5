"""The line interface: one line of text for each event, on a terminal, in a pipe, for a screen
reader.
"""
