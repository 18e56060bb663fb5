"""Administration from the command line: changes of a server's database and configuration, with
their output and questions.
"""
