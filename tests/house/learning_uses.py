"""Run by tests/house/test_learning_layer.py with the package and the layer alone: what trains models, used for the first time."""

# ruff: noqa: E402 - the path comes first

import json
import sys

sys.path[:0] = sys.argv[1:]

import joblib
import numpy as np
import scipy.optimize
import scipy.sparse
import scipy.stats
import threadpoolctl
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.cluster import AgglomerativeClustering, Birch, KMeans, MiniBatchKMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.inspection import permutation_importance
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import HuberRegressor, LogisticRegression, PoissonRegressor, QuantileRegressor, Ridge
from sklearn.metrics import (
    adjusted_rand_score,
    brier_score_loss,
    davies_bouldin_score,
    log_loss,
    roc_auc_score,
    silhouette_score,
)
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.model_selection import GridSearchCV, StratifiedKFold, TimeSeriesSplit, cross_val_score, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PowerTransformer, QuantileTransformer, RobustScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, export_text

SEED = 7
KINDS = np.arange(300) % 3
ROWS = np.random.default_rng(SEED).normal(size=(300, 4)) + 8 * np.eye(4)[KINDS]
YES = KINDS == 1
SPENT = ROWS @ np.arange(1.0, 5.0)

clusterings = [
    KMeans(3, n_init=2, random_state=SEED),
    MiniBatchKMeans(3, n_init=2, random_state=SEED),
    Birch(n_clusters=3),
    AgglomerativeClustering(3),
    AgglomerativeClustering(3, linkage="average", metric="cosine"),
    GaussianMixture(3, random_state=SEED),
    BayesianGaussianMixture(n_components=3, random_state=SEED),
]
for one in clusterings:
    labels = one.fit_predict(ROWS)
    assert adjusted_rand_score(KINDS, labels) > 0.9, one
    assert silhouette_score(ROWS, labels) > 0.5 and davies_bouldin_score(ROWS, labels) < 1

classifiers = [
    LogisticRegression(),
    LogisticRegression(solver="saga", max_iter=2000),
    LogisticRegression(solver="liblinear"),
    HistGradientBoostingClassifier(max_iter=20),
    GradientBoostingClassifier(n_estimators=10),
    RandomForestClassifier(10, random_state=SEED),
    DecisionTreeClassifier(),
    GaussianNB(),
    KNeighborsClassifier(),
    SVC(),
    CalibratedClassifierCV(LinearSVC(), method="isotonic", cv=3),
    CalibratedClassifierCV(LogisticRegression(), method="sigmoid", cv=3),
]
for one in classifiers:
    scaled = make_pipeline(SimpleImputer(), StandardScaler(), one).fit(ROWS, YES)
    assert scaled.score(ROWS, YES) > 0.9, one
chances = classifiers[0].predict_proba(StandardScaler().fit_transform(ROWS))[:, 1]
assert roc_auc_score(YES, chances) > 0.9 and brier_score_loss(YES, chances) < 0.2 and log_loss(YES, chances) < 1
assert len(calibration_curve(YES, chances, n_bins=5)) == 2
assert export_text(DecisionTreeClassifier(max_depth=2).fit(ROWS, YES))

regressors = [
    Ridge(),
    HuberRegressor(max_iter=2000),
    HistGradientBoostingRegressor(),
    GradientBoostingRegressor(),
    QuantileRegressor(alpha=0),
]
for one in regressors:
    assert one.fit(ROWS, SPENT).score(ROWS, SPENT) > 0.9, one
assert PoissonRegressor(max_iter=1000).fit(ROWS, np.abs(SPENT)).predict(ROWS).min() > 0
assert IsotonicRegression().fit(SPENT, SPENT).predict([SPENT[0]])[0] == SPENT[0]

for one in (RobustScaler(), PowerTransformer(), QuantileTransformer(n_quantiles=50), PCA(2)):
    assert np.isfinite(one.fit_transform(ROWS)).all()
both = ColumnTransformer([("kind", OneHotEncoder(), [0]), ("rest", StandardScaler(), [1])], sparse_threshold=1)
assert scipy.sparse.issparse(both.fit_transform(np.column_stack([KINDS, SPENT])))
assert cross_val_score(LogisticRegression(), ROWS, YES, cv=StratifiedKFold(3), scoring="roc_auc", n_jobs=1).min() > 0.9
assert len(list(TimeSeriesSplit(3).split(ROWS))) == 3 and len(train_test_split(ROWS, random_state=SEED)) == 2
assert GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=3).fit(ROWS, SPENT).best_params_
assert permutation_importance(Ridge().fit(ROWS, SPENT), ROWS, SPENT, n_repeats=2).importances_mean.max() > 0

assert list(scipy.optimize.linear_sum_assignment([[4, 1], [2, 3]])[1]) == [1, 0]
assert scipy.optimize.minimize(lambda x: (x[0] - 3) ** 2, [0.0]).success
assert scipy.stats.spearmanr(SPENT, SPENT).statistic > 0.99 and scipy.stats.ks_2samp(SPENT, SPENT).pvalue == 1
assert 0 < scipy.stats.beta(2, 3).ppf(0.5) < 1
assert sum(joblib.Parallel(n_jobs=1)(joblib.delayed(abs)(-n) for n in range(3))) == 3

from chalicelib.entrypoints import queue_training
from chalicelib.training.probe import probe

assert probe().versions and "probe" in queue_training.ORDERS
print(json.dumps(sorted({one["user_api"] for one in threadpoolctl.threadpool_info()})))
