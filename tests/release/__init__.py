"""What is published, checked as a stranger would."""
