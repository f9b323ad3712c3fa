"""A module that stays usable: opened, resynchronised, and asked again."""
