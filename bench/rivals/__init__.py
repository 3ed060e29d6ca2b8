"""What engineers would otherwise pick, doing the same story: request, call, wait, answer."""
