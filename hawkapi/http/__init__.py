"""Values and parsers of HTTP: text in, values out, without I/O.

Nothing here raises on what a client sent: text that does not follow the grammar is reported as `None`, or skipped
where the RFC says so. The parser of multipart bodies is different, because half a form is none: it has an error of its
own. What a program writes is checked, and refused with `ValueError`.
"""
