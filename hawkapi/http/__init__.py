"""Values and parsers of HTTP: text in, values out, without I/O.

Nothing here raises on what a client sent: text that does not follow the grammar is reported as `None`, or skipped
where the RFC says so. What a program writes is checked, and refused with `ValueError`.
"""
