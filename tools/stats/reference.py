"""What SciPy and statsmodels say about random tables: the reference of src/metrics. Prints JSON."""

import json
import warnings

import numpy as np
import statsmodels.api as sm
from scipy import optimize, special, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

SEED = 20
Z = stats.norm.ppf(0.975)
rng = np.random.default_rng(SEED)


def short(value):
    """13 significant digits: enough for 1e-9, and the file stays small."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return [short(v) for v in value]
    return float(f"{float(value):.13g}")


def mid_p(b, c):
    """Fagerland, Lydersen & Laake 2013: the exact p minus the probability of the observed outcome."""
    m, k = b + c, min(b, c)
    if m == 0:
        return 1.0
    seen = stats.binom.pmf(k, m, 0.5)
    return 1 - seen / 2 if b == c else stats.binomtest(k, m, 0.5).pvalue - seen


def bonett_price(b, c, n):
    """Bonett & Price 2012: the adjusted Wald interval, with one row added to each kind of discordant pair."""
    counts = np.array([b, c]) + 1.0
    shares = counts / (n + 2)
    variance = (shares.sum() - (shares[1] - shares[0]) ** 2) / (n + 2)
    centre = shares[1] - shares[0]
    return [max(-1, centre - Z * variance**0.5), min(1, centre + Z * variance**0.5)]


def table():
    n = int(rng.integers(1, 400))
    shares = rng.dirichlet([4, rng.uniform(0.2, 2), rng.uniform(0.2, 2), 1.5])
    both, b, c, neither = (int(v) for v in rng.multinomial(n, shares))
    test = mcnemar([[both, b], [c, neither]], exact=True)
    low, high = proportion_confint(both + b, n, alpha=0.05, method="wilson")
    return {
        "counts": [both, b, c, neither],
        "exact": short(test.pvalue),
        "midP": short(mid_p(b, c)),
        "sign": short(stats.binomtest(b, b + c, 0.5).pvalue if b + c else 1.0),
        "wilson": short([low, high]),
        "bonettPrice": short(bonett_price(b, c, n)),
    }


def family():
    p = rng.uniform(size=int(rng.integers(1, 12))) ** 3
    return {"p": short(p), "holm": short(multipletests(short(p), method="holm")[1])}


def power():
    """Exact, over the joint distribution of the two discordant cells."""
    n = int(rng.integers(20, 160))
    a, b = (round(float(v), 3) for v in rng.uniform(0.01, 0.3, 2))
    total = 0.0
    for m in range(n + 1):
        wins = np.arange(m + 1)
        p = np.minimum(1, 2 * stats.binom.cdf(np.minimum(wins, m - wins), m, 0.5))
        total += stats.binom.pmf(m, n, a + b) * stats.binom.pmf(wins, m, b / (a + b))[p < 0.05].sum()
    return {"n": n, "a": a, "b": b, "power": short(total)}


def permutation():
    d = rng.choice([-1.0, 0.0, 1.0], size=9, p=[0.2, 0.3, 0.5])
    exact = stats.permutation_test(
        (d, np.zeros(9)), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf
    )
    return {"d": short(d), "p": short(exact.pvalue)}


def scores():
    """Brier, NLL and the temperature that minimises NLL, of log-probabilities over three labels."""
    n = 60
    raw = rng.normal(size=(n, 3)) * 2
    logs = np.round(special.log_softmax(raw, axis=1), 6)
    gold = np.array([rng.choice(3, p=special.softmax(row * 0.6)) for row in raw])
    rows = np.arange(n)
    nll = lambda beta: -special.log_softmax(logs * beta, axis=1)[rows, gold].mean()
    slope = lambda beta: ((special.softmax(logs * beta, axis=1) * logs).sum(1) - logs[rows, gold]).mean()
    return {
        "logProbs": short(logs),
        "gold": gold.tolist(),
        "brier": short(((np.exp(logs) - np.eye(3)[gold]) ** 2).sum(1).mean()),
        "nll": short(-logs[rows, gold].mean()),
        "temperature": short(1 / optimize.brentq(slope, 0.01, 20, xtol=1e-14)),
        "nllAfter": short(nll(optimize.brentq(slope, 0.01, 20, xtol=1e-14))),
    }


def quantiles():
    x = np.sort(rng.normal(size=int(rng.integers(2, 30)))).round(6)
    q = round(float(rng.uniform()), 3)
    return {"x": short(x), "q": q, "value": short(np.quantile(x, q))}


warnings.simplefilter("ignore")
sections = {
    "tables": [table() for _ in range(240)],
    "families": [family() for _ in range(30)],
    "powers": [power() for _ in range(12)],
    "permutations": [permutation() for _ in range(8)],
    "scores": [scores() for _ in range(2)],
    "quantiles": [quantiles() for _ in range(20)],
}
lines = [f'"{name}": [\n' + ",\n".join(json.dumps(v, separators=(",", ":")) for v in values) + "\n]" for name, values in sections.items()]
print("{\n" + ",\n".join(lines) + "\n}")
