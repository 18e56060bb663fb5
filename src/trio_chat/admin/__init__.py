"""What the command line does to a server's database and configuration, and what it says and asks while doing so."""
