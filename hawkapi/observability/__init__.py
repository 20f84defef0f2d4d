"""What an application tells those who run it."""
