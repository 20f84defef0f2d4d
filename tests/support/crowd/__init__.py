"""A crowd: random requests by the million, and what of them an application keeps."""
