"""Take the guards of shared state out of a copy of the package, one at a time, and see which tests notice."""
