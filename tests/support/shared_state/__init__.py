"""Reads the package's source and finds what threads could share and change; reads the page that accounts for it."""
