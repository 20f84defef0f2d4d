"""What a client sent."""
