"""Who exists and who is calling: pure values, token codes and sealed sessions."""
