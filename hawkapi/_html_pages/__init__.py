"""Pages for browsers: HTML, the policy of what it may load, and the files that it loads."""
