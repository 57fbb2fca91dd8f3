"""An account as AWS tells it, made again here: what `ostiary import` does."""
