"""How the documentation is built."""

project = "hawkapi"
copyright = "2026, the hawkapi contributors"  # noqa: A001 - Sphinx's name
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
html_theme = "alabaster"
