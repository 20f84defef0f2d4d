"""`python -m hawkapi.cli` is the `hawkapi` command."""

from hawkapi.cli import main

raise SystemExit(main())
