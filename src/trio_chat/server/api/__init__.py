"""The HTTP API: `/api/v1`, for programs and for the page of operators of the server."""

PATH = "/api/v1/"
"""Where its paths begin."""
