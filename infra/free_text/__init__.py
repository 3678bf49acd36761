"""How well personal data is found in free text: material, scores, and the page of them."""
