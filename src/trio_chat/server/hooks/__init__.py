"""Webhooks: what programs post to channels, and what of channels is posted to programs."""
