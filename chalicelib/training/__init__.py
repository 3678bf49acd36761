"""What learns from many profiles at once: the only place of numpy and scikit-learn, and never on a hot path."""

import os

# Before numpy and scikit-learn are read, which look at it once: a function has not two whole processors, and threads that
# wait for each other then take longer than one.
os.environ.setdefault("OMP_NUM_THREADS", "1")
