"""Imports: parsers of the exports and logs of other programs, and their conversion to records.

A parser yields `SourceMessage` objects, and never more than one of them is in memory. It reads
files that strangers have written: everything in them is bounded, and what cannot be used is a
`Skipped` with a reason. `conversion` makes records of the messages; `admin.imports` stores them.
"""
