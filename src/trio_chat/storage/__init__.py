"""The memory: SQLite, embedded. Implements the ports that the rules declare
(`trio_chat.chat.history`).
"""
