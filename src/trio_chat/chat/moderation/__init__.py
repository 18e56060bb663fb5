"""Moderation of channels: slow mode, filters of words and links, and held messages."""
