"""Agents: a server of the Model Context Protocol that reads and writes with one account."""
