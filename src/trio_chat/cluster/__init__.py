"""Several servers as one: a replicated state machine (Schneider 1990).

All servers of a cluster, the **nodes**, carry out the same commands in the same order, which is
that of a log in an existing engine. So they have the same state. The modules here do no input or
output: `machine` carries out the entries of the log, and `appender` decides what is appended to it.
"""
