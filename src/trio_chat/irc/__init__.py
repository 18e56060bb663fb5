"""The language: lines, tags, names, masks, modes, numerics, capabilities.

Pure functions and tables that server and client share. Nothing here does input or output, knows a
clock, or keeps state beyond one line buffer; so everything here can be tested with plain values.
"""
