"""Use cases: each orders domain calls around the stores. No rule of the business lives here."""
