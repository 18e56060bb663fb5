"""The full-screen interface: views of the model, a prompt, keys and commands, drawn by urwid."""
