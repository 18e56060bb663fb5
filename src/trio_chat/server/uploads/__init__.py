"""Uploads: files that clients send by HTTP (FILEHOST), their limits, storage and delivery."""
