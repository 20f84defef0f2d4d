"""What `hawkapi new` and `hawkapi init` write."""
