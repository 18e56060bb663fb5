"""Maintenance: what its commands and the HTTP API do, without their input and output.

A command of `trio-chat` works on the database, a running server on its own state. Both ask the
functions here what may be changed, and what the change is.
"""
