"""Networks that are increasing or decreasing in chosen inputs: signs of weights that prove it.

∂z2/∂x_j = Σ_k W2[k] g1′(z1_k) W1[k, j] + W3[j]. Where g1 never decreases, g1′ ≥ 0, so z2 increases in x_j for c_j = 1, and decreases for
c_j = −1, if every term has this sign: with an orientation s_k = ±1 of each hidden unit,

    s_k W2[k] ≥ 0,   s_k c_j W1[k, j] ≥ 0,   c_j W3[j] ≥ 0   for all k and all j with c_j ≠ 0.

Inputs with c_j = 0 are free. These are signs of single weights. The nearest weights that have them are the same weights with 0 in place of
those of the other sign, so an update is followed by one comparison a weight: projected gradient descent. A mean of such networks with the
same orientations is one too, so a moving average of weights keeps them, and so do a penalty and a decay, which move weights towards 0.

The condition is sufficient. It is necessary too where c_j ≠ 0 for one input of a unit that reaches both signs; a network may be monotone
on its rows without it. Only the first logit is constrained: the one of two classes, or the mean of a prediction.

`c (n_x,)`; `s (…, n_h, 1)`; parameters as in `propagation`, with any leading axes.
"""

from shoal.textbook.propagation import Parameters
from shoal.types import Array, array_namespace


def orientations(parameters: Parameters, c: Array) -> Array:
    """s `(…, n_h, 1)`: the sign of each unit's weight in the first logit; where that is 0, of its constrained inputs, else 1.

    Parameters
    ----------
    parameters : Parameters
    c : array `(n_x,)`
        1 for inputs in which the network increases, −1 where it decreases, 0 for those that are free.

    Returns
    -------
    array of 1 and −1

    Examples
    --------
    >>> W1, b, W2 = np.asarray([[0.5], [-0.5], [-0.5]]), np.zeros((3, 1)), np.asarray([[2.0, -1.0, 0.0]])
    >>> orientations(Parameters(W1, b, W2, b[:1]), np.asarray([1.0])).tolist()
    [[1.0], [-1.0], [-1.0]]
    """
    xp = array_namespace(parameters.W1)
    of_output = xp.sign(parameters.W2[..., :1, :].mT)
    of_inputs = xp.sign(parameters.W1 @ c[:, None])
    s = xp.where(of_output != 0, of_output, of_inputs)
    return xp.where(s != 0, s, xp.ones_like(s))


def weight_signs(parameters: Parameters, c: Array) -> Parameters:
    """The sign that each weight must have, in the parameters' shapes: 1, −1, or 0 for a weight that is free.

    Parameters
    ----------
    parameters : Parameters
        Their `orientations` are kept.
    c : array `(n_x,)`
        As for `orientations`.

    Returns
    -------
    Parameters

    Examples
    --------
    >>> W1, b, W2 = np.asarray([[0.5, 3.0], [-0.5, 3.0]]), np.zeros((2, 1)), np.asarray([[2.0, -1.0]])
    >>> signs = weight_signs(Parameters(W1, b, W2, b[:1]), np.asarray([1.0, 0.0]))
    >>> signs.W1.tolist(), signs.W2.tolist(), signs.b2.tolist()
    ([[1.0, 0.0], [-1.0, 0.0]], [[1.0, -1.0]], [[0.0]])
    """
    xp = array_namespace(parameters.W1)
    s = orientations(parameters, c)
    free = parameters.map(xp.zeros_like)

    def first_row(w: Array, row: Array) -> Array:
        return xp.concat([row + xp.zeros_like(w[..., :1, :]), xp.zeros_like(w[..., 1:, :])], axis=-2)

    W3 = None if parameters.W3 is None else first_row(parameters.W3, c)
    return Parameters(s * c + free.W1, free.b1, first_row(parameters.W2, s.mT), free.b2, W3)


def project(parameters: Parameters, signs: Parameters) -> Parameters:
    """The nearest parameters with these signs: 0 in place of each weight of the other sign.

    Parameters
    ----------
    parameters : Parameters
    signs : Parameters
        As `weight_signs` gives them.

    Returns
    -------
    Parameters

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> project(Parameters(-2 * one, -one, 3 * one, -one), Parameters(one, 0 * one, one, 0 * one)).W1.item()
    0.0
    """
    xp = array_namespace(parameters.W1)
    return parameters.map(lambda w, sign: xp.where(sign * w < 0, xp.zeros_like(w), w), signs)


def oriented(parameters: Parameters, c: Array) -> Parameters:
    """First weights with the signs of `weight_signs`: those of the other sign are turned, so that their sizes stay as they were drawn.

    Parameters
    ----------
    parameters : Parameters
    c : array `(n_x,)`
        As for `orientations`.

    Returns
    -------
    Parameters

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> oriented(Parameters(-2 * one, -one, 3 * one, -one), np.asarray([1.0])).W1.item()
    2.0
    """
    xp = array_namespace(parameters.W1)
    return parameters.map(lambda w, sign: xp.where(sign * w < 0, -w, w), weight_signs(parameters, c))


def proven_signs(parameters: Parameters) -> tuple[Array, Array]:
    """In which inputs the first logit never decreases, and in which it never increases, by the signs of the weights alone, `(…, n_x)`.

    This holds for an activation that never decreases. An input without any influence is in both.

    Parameters
    ----------
    parameters : Parameters

    Returns
    -------
    two arrays of bool

    Examples
    --------
    >>> W1, b, W2 = np.asarray([[0.5, 3.0, 0.0], [-0.5, 3.0, 0.0]]), np.zeros((2, 1)), np.asarray([[2.0, -1.0]])
    >>> [found.tolist() for found in proven_signs(Parameters(W1, b, W2, b[:1]))]
    [[True, False, True], [False, False, True]]
    """
    xp = array_namespace(parameters.W1)
    terms = xp.sign(parameters.W2[..., :1, :].mT) * xp.sign(parameters.W1)  # of the signs: a product of small numbers may be rounded to 0
    if parameters.W3 is not None:
        terms = xp.concat([terms, xp.sign(parameters.W3[..., :1, :])], axis=-2)
    return xp.all(terms >= 0, axis=-2), xp.all(terms <= 0, axis=-2)
