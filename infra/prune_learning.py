"""What of scikit-learn, scipy and numpy never runs when models are trained, and so is left out of the learning layer.

Nothing else of the layer imports what is listed here, not even late: tests/house/test_learning_layer.py reads every import.
"""

#: Patterns over paths relative to the tree, each with its reason.
NEVER_TRAINS: tuple[tuple[str, str], ...] = (
    ("*.pyx", "source of what is compiled"),
    ("*.pxd", "for compilers"),
    ("*.pxi", "for compilers"),
    ("*.pyx.tp", "template of what is compiled"),
    ("*.pyx.in", "template of what is compiled"),
    ("*.tp", "template of what is compiled"),
    ("*.h", "for compilers"),
    ("*.c", "source of what is compiled"),
    ("*.cpp", "source of what is compiled"),
    ("*.a", "for linkers"),
    ("*/meson.build", "for compilers"),
    ("numpy/_core/lib/*", "for linkers"),
    ("numpy/_pyinstaller/*", "for packagers of programs"),
    ("sklearn/_build_utils/*", "for compilers"),
    ("scipy/special/_precompute/*", "computed tables that are compiled in"),
    ("*/conftest.py", "tests of others"),
    ("numpy/random/_examples/*", "for readers"),
    ("sklearn/utils/estimator_checks.py", "tests of others"),
    ("sklearn/utils/_test_common/*", "tests of others"),
    ("numpy/_core/_simd.*", "tests of others"),
    ("numpy/_core/_rational_tests.*", "tests of others"),
    ("numpy/_core/_operand_flag_tests.*", "tests of others"),
    ("numpy/_core/_struct_ufunc_tests.*", "tests of others"),
    ("numpy/_core/_umath_tests.*", "tests of others"),
    ("scipy/_lib/_test_*", "tests of others"),
    ("scipy/integrate/_test_*", "tests of others"),
    ("scipy/ndimage/_ctest.*", "tests of others"),
    ("scipy/ndimage/_cytest.*", "tests of others"),
    ("scipy/special/_test_internal.*", "tests of others"),
    ("scipy/datasets/*", "pictures and a heartbeat, downloaded"),
    ("scipy/differentiate/*", "no derivative is taken numerically"),
    ("scipy/fftpack/*", "the old names of scipy.fft"),
    ("scipy/io/*", "no file of MATLAB, Fortran or sound is read; only scikit-learn's data sets read such"),
    ("scipy/odr/*", "no orthogonal regression, and deprecated"),
    ("scipy/signal/*", "no signal is filtered"),
    ("sklearn/datasets/*", "training reads profiles; what tests invent, they invent without the layer"),
)
