"""Files of customers, orders and tickets: what may be declared of one, its records, and the events they become."""
