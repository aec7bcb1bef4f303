"""How each bundled model was made: python -m models.recipes.<name> --data DIR. The app never imports this package."""
