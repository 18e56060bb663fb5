"""The IRC protocol: lines, tags, names, masks, modes, numerics and capabilities.

Pure functions and tables that the server and the client share, and that other programs may import.
No module here does input or output, reads a clock, or keeps state beyond one line buffer and the
case mapping of the process, so plain values are enough to test them. `casemapping`,
`capability_names`, `isupport`, `message`, `modes.split_changes` and `numerics` hold for any server;
the other tables describe this one.
"""
