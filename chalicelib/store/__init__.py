"""The tables, and the few calls the product makes on them."""
