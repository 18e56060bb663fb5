"""One server over as many connections as it takes: what is kept from one to the next, whatever
interface shows it.
"""
