"""One server over as many connections as it takes, independent of the interface."""
