"""Identity: what is one coin, and what is not."""
