"""Words everything else is made of: errors, moments, amounts, strict JSON, the canonical codec. Knows nothing of customers."""
