"""Words everything else is made of: errors, moments, amounts, strict JSON, codec. Knows no customers."""
