"""Field classes, masking, sealing and credentials. Holds no key of its own: keys are arguments."""
