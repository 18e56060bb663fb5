"""The line interface: one line of text for each event, for terminals, pipes and screen readers."""
