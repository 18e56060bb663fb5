"""The edge of a cluster: the log in an engine."""
