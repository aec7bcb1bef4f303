"""Fine-tuning of text classifiers: a table in, a model out that the other tabs use as run:<id>."""
