"""The full-screen interface, drawn by urwid inside our own nursery: views of the model, a prompt,
keys and commands.
"""
