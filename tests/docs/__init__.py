"""The manual is held to the code: what it says exists, and what it shows works."""
