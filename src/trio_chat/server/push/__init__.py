"""Web Push: the messages that notify the devices of an account (RFC 8030, RFC 8291, RFC 8292)."""
