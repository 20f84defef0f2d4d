"""`python -m hawkapi` is the `hawkapi` command."""

from hawkapi.cli import main

raise SystemExit(main())
